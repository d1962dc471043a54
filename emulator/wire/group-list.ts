import { encodeLogGroupList } from '../../engine/client/codec/log-group-list'
import { compress } from '../../engine/client/compression/compression'
import { type GroupBody, rawOf } from './group-body'
import { Lz4Body } from './lz4-body'
import { findEnds, joinBlocks, type Lz4Part } from './lz4-join'
import { varint } from './varint'

/** Field 1 of a LogGroupList, length-delimited. */
const GROUP_TAG = 0x0a
const NOTHING = Buffer.alloc(0)

/** Bytes of the LogGroupList of groups that have these sizes. */
export function groupListSize(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + 1 + varint(size).length + size, 0)
}

/**
 * The LogGroupList of at least one group as one LZ4 block. Groups that came in blocks are joined as they are; only
 * the others are compressed, those side by side together.
 */
export async function lz4GroupList(bodies: readonly GroupBody[]): Promise<Buffer> {
  const runs = groupRuns(bodies)
  const [first] = runs
  if (runs.length === 1 && Array.isArray(first)) return compress('lz4', encodeLogGroupList(first))
  return joinBlocks(await Promise.all(runs.map(partOf)))
}

/** Each group that can be joined alone, the others in runs. */
function groupRuns(bodies: readonly GroupBody[]): (Lz4Part | Buffer[])[] {
  const runs: (Lz4Part | Buffer[])[] = []
  for (const body of bodies) {
    const ends = body instanceof Lz4Body ? body.ends : undefined
    const run = runs.at(-1)
    if (body instanceof Lz4Body && ends !== undefined) {
      runs.push({ prefix: Buffer.from([GROUP_TAG, ...varint(body.rawSize)]), block: body.block, ends })
    } else if (Array.isArray(run)) run.push(rawOf(body))
    else runs.push([rawOf(body)])
  }
  return runs
}

async function partOf(run: Lz4Part | Buffer[]): Promise<Lz4Part> {
  if (!Array.isArray(run)) return run
  const block = await compress('lz4', encodeLogGroupList(run))
  const ends = findEnds(block)
  if (ends === undefined) throw new Error('a compressor made a block that does not end with literals')
  return { prefix: NOTHING, block, ends }
}
