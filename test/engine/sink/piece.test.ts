import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import { parseLogGroup } from '../../../engine/client/codec/log-group-list'
import { decompress } from '../../../engine/client/compression/compression'
import type { CompressionName } from '../../../engine/client/model'
import { Piece } from '../../../engine/sink/piece'
import { runs } from '../../support/counts'

const compressions: CompressionName[] = ['lz4', 'deflate', 'none']

function pieceOf(value: string, logs: number, compression: CompressionName): Piece {
  const encoder = new LogGroupEncoder({})
  for (let index = 0; index < logs; index++) encoder.append({ time: index, contents: { value } })
  return Piece.ofEncoder(encoder, [], compression, { first: 0, last: logs })
}

async function assertBody(piece: Piece, value: string, logs: number, body: Buffer): Promise<void> {
  const raw = await decompress(piece.compression, body, piece.rawSize)
  const expected = Array.from({ length: logs }, (_, time) => ({ time, contents: [['value', value]] }))
  assert.deepEqual(
    parseLogGroup(raw)
      .logs()
      .map(({ time, contents }) => ({ time, contents })),
    expected
  )
}

describe('A piece', () => {
  it('keeps its logs, whoever else encodes into the memory that it gave back meanwhile', async () => {
    const step = fc.record({
      value: fc.string({ maxLength: 30 }),
      logs: fc.integer({ min: 1, max: 300 }),
      compression: fc.constantFrom(...compressions),
      trimmed: fc.boolean(),
      asks: fc.integer({ min: 1, max: 3 })
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const asked: { step: (typeof steps)[number]; piece: Piece; bodies: Promise<Buffer>[] }[] = []
        for (const step of steps) {
          const piece = pieceOf(step.value, step.logs, step.compression)
          if (step.trimmed) piece.trim(true)
          const bodies = Array.from({ length: step.asks }, () => piece.body())
          asked.push({ step, piece, bodies })
          await bodies[0]
          piece.trim(true)
        }
        for (const { step, piece, bodies } of asked) {
          for (const body of await Promise.all(bodies)) await assertBody(piece, step.value, step.logs, body)
        }
      }),
      { numRuns: runs(60, 2000) }
    )
  })
})
