import type { Shard } from '../client/model'

/**
 * The shards whose keys went over to `shard` by splits and merges, as far as they are still listed. Nothing in the
 * protocol names a shard's parents: since the shards that take writes never overlap, an older shard with keys in
 * common is an ancestor.
 */
export function ancestorsOf(shard: Shard, listed: readonly Shard[]): Shard[] {
  return listed.filter((other) => isOlder(other, shard) && overlap(other, shard))
}

/** By creation time where both are known and differ, else by id: the service numbers shards upwards. */
function isOlder(one: Shard, other: Shard): boolean {
  if (one.createTime > 0 && other.createTime > 0 && one.createTime !== other.createTime) {
    return one.createTime < other.createTime
  }
  return one.shardId < other.shardId
}

function overlap(one: Shard, other: Shard): boolean {
  return one.inclusiveBeginKey < other.exclusiveEndKey && other.inclusiveBeginKey < one.exclusiveEndKey
}
