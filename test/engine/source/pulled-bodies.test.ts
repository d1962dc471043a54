import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { BufferPool } from '../../../engine/client/codec/buffer-pool'
import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import {
  encodeLogGroupList,
  type LogGroupView,
  parseLogGroupList
} from '../../../engine/client/codec/log-group-list'
import { compress, decompress } from '../../../engine/client/compression/compression'
import { type PulledBody, PulledBodies } from '../../../engine/source/pulled-bodies'
import { runs } from '../../support/counts'

interface Pulled {
  body: PulledBody
  group: LogGroupView
  raw: Buffer
  ids: string[]
}

const limit = 64 * 1024 * 1024

function encoded(name: string, logs: number): { raw: Buffer; ids: string[] } {
  const encoder = new LogGroupEncoder({ topic: name, source: '', tags: [] })
  const ids = Array.from({ length: logs }, (_, index) => `${name}-${index}`)
  for (const id of ids) encoder.append({ time: 1_700_000_000, contents: { id, text: `日志 ${id}` } })
  return { raw: encodeLogGroupList([encoder.finish()]), ids }
}

async function pulled(bodies: PulledBodies, name: string, logs: number): Promise<Pulled> {
  const { raw, ids } = encoded(name, logs)
  const block = await compress('lz4', raw)
  const body = bodies.hold(await decompress('lz4', block, raw.length, limit, bodies.allocate), block)
  const [group] = parseLogGroupList(body.current, body)
  assert.ok(group !== undefined)
  return { body, group, raw, ids }
}

function idsOf({ group }: Pulled): (string | undefined)[] {
  return group.records().records.map((record) => record['id'])
}

describe('The bodies of fetches', () => {
  it('are held decompressed only up to the capacity', async () => {
    const bodies = new PulledBodies(100_000, new BufferPool())
    const all = []
    for (let number = 0; number < 20; number++) all.push(await pulled(bodies, `body${number}`, 500))
    assert.ok(all.reduce((sum, { raw }) => sum + raw.length, 0) > 300_000)
    assert.ok(bodies.openBytes > 50_000 && bodies.openBytes <= 100_000, `${bodies.openBytes}`)
    for (const each of all) assert.deepEqual(idsOf(each), each.ids)
    assert.ok(bodies.openBytes <= 100_000, `${bodies.openBytes}`)
  })

  it('use the same memory one after the other', async () => {
    const bodies = new PulledBodies(100_000, new BufferPool())
    const memories = new Set<ArrayBufferLike>()
    for (let number = 0; number < 50; number++) {
      const { body } = await pulled(bodies, `body${number}`, 100)
      memories.add(body.current.buffer)
      body.close()
    }
    assert.equal(memories.size, 1)
    assert.equal(bodies.openBytes, 0)
  })

  it('share the memory that is free with other sources, and displace none of their bodies', async () => {
    const pool = new BufferPool()
    const [mine, other] = [new PulledBodies(100_000, pool), new PulledBodies(100_000, pool)]
    const first = await pulled(mine, 'mine', 500)
    const memory = first.body.current.buffer
    for (let number = 0; number < 10; number++) await pulled(other, `other${number}`, 500)
    assert.equal(first.body.current.buffer, memory)
    assert.equal(mine.openBytes, first.raw.length)
    first.body.close()
    assert.equal((await pulled(other, 'last', 500)).body.current.buffer, memory)
  })

  it('may be larger than the capacity', async () => {
    const bodies = new PulledBodies(1000, new BufferPool())
    const large = await pulled(bodies, 'large', 1000)
    assert.deepEqual(idsOf(large), large.ids)
    const other = await pulled(bodies, 'other', 1000)
    assert.deepEqual(idsOf(large), large.ids)
    assert.deepEqual(idsOf(other), other.ids)
  })

  it('can be read when they are closed, and what was read of them before stays', async () => {
    const bodies = new PulledBodies(50_000, new BufferPool())
    const first = await pulled(bodies, 'first', 300)
    const kept = first.group.encoded
    const records = first.group.records().records
    first.body.close()
    for (let number = 0; number < 10; number++) await pulled(bodies, `other${number}`, 300)
    assert.deepEqual(idsOf(first), first.ids)
    assert.deepEqual(
      records.map((record) => record['id']),
      first.ids
    )
    assert.deepEqual(kept, first.group.encoded)
    const [copy] = parseLogGroupList(encodeLogGroupList([kept]))
    assert.deepEqual(
      copy?.logs().map(({ contents }) => contents[0]?.[1]),
      first.ids
    )
  })

  it('give their logs whatever is opened and closed meanwhile', async () => {
    const action = fc.record({ body: fc.nat(7), close: fc.boolean(), size: fc.integer({ min: 1, max: 40 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
        fc.array(action, { maxLength: 30 }),
        fc.integer({ min: 1, max: 60_000 }),
        async (sizes, actions, capacity) => {
          const bodies = new PulledBodies(capacity, new BufferPool())
          const all: Pulled[] = []
          for (const [number, size] of sizes.entries()) all.push(await pulled(bodies, `body${number}`, size))
          const reads = actions.flatMap(({ body, size, close }) => {
            const target = all[body % all.length]
            return target
              ? [{ target, close, blocks: target.group.recordBlocks(size)[Symbol.iterator]() }]
              : []
          })
          const results = reads.map(() => [] as (string | undefined)[])
          // All are read at the same time, a block of each in turn.
          for (let left = reads.length; left > 0; ) {
            left = 0
            for (const [number, { target, close, blocks }] of reads.entries()) {
              const { done, value } = blocks.next()
              if (close) target.body.close()
              if (done) continue
              left++
              for (const record of value.records) results[number]?.push(record['id'])
            }
          }
          for (const [number, { target }] of reads.entries()) assert.deepEqual(results[number], target.ids)
          for (const { group, raw } of all) assert.deepEqual(encodeLogGroupList([group.encoded]), raw)
        }
      ),
      { numRuns: runs(60, 2000) }
    )
  })
})
