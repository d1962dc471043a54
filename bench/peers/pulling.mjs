const GROUPS_A_FETCH = 100

/** Reads every shard on its own, fetch after fetch, until there are `logs`; `pull` and `records` are the peer's. */
export async function readShards(logstore, logs, pull, records) {
  const shards = Number(logstore.split('_')[3])
  let count = 0
  const reader = async (shard) => {
    let cursor = btoa('0')
    while (count < logs) {
      const { body, next } = await pull(logstore, shard, cursor, GROUPS_A_FETCH)
      for (const group of records(body)) count += group.length
      cursor = next
    }
  }
  await Promise.all(Array.from({ length: shards }, (_, shard) => reader(shard)))
  return { logs: count }
}
