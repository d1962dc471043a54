import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Content, Log, LogGroup } from '../../engine/client/model'
import type { SinkWrite } from '../../engine/sink/prepare-write'
import { deliveryUnits, type Output, outputs } from '../../nodes/log-to-message'
import { mapMessage } from '../../nodes/message-mapping'
import type { NodeMessage } from '../../nodes/node-red'
import { runs } from '../support/counts'
import { batchOf } from './batches'
import { untouchedMapping } from './untouched-mapping'

async function messagesOf(groups: readonly LogGroup[], output: Output): Promise<NodeMessage[]> {
  const units = deliveryUnits(batchOf(groups), { output, parseJson: false, numbers: false })
  const messages: NodeMessage[] = []
  for (const unit of units) {
    const message = await unit.open()
    for (let number = 0; number < unit.messages; number++) messages.push(message(number))
  }
  return messages
}

function writesOf(message: NodeMessage): SinkWrite[] {
  const writes = mapMessage(untouchedMapping, message)
  assert.ok(Array.isArray(writes))
  return writes
}

/** Every log with its frame, in order. */
function flat(groups: readonly (LogGroup | SinkWrite)[]) {
  return groups.flatMap(({ topic, source, tags, logs }) =>
    logs.map(({ time, timeNs, contents }) => ({
      time,
      timeNs,
      contents: Array.isArray(contents) ? contents : Object.entries(contents),
      topic,
      source,
      tags
    }))
  )
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 })
/** JavaScript puts keys that look like indexes first, in any object. */
const key = text.filter((name) => name !== '' && !/^\d+$/.test(name))
const time = fc.integer({ min: 1, max: 0xffff_ffff })
const timeNs = fc.option(fc.integer({ min: 0, max: 999_999_999 }), { nil: undefined })

function groupsWith(contents: fc.Arbitrary<Content[]>): fc.Arbitrary<LogGroup[]> {
  const log: fc.Arbitrary<Log> = fc.record({ time, timeNs, contents })
  const tags = fc.uniqueArray(fc.tuple(key, text), { selector: ([name]) => name, maxLength: 3 })
  const group = fc.record({
    topic: text,
    source: text,
    tags,
    logs: fc.array(log, { minLength: 1, maxLength: 4 })
  })
  return fc.array(group, { minLength: 1, maxLength: 4 })
}

const anyContents: fc.Arbitrary<Content[]> = fc.array(fc.tuple(fc.oneof(key, fc.constant('1')), text), {
  minLength: 1,
  maxLength: 5
})
const distinctContents: fc.Arbitrary<Content[]> = fc.uniqueArray(fc.tuple(key, text), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 5
})

describe('Messages of sls-in wired straight into sls-out', () => {
  for (const output of outputs) {
    const what = output === 'raw' ? 'any logs' : 'logs whose keys are distinct'
    it(`with output ${output} give ${what} back as they were`, async () => {
      const groups = groupsWith(output === 'raw' ? anyContents : distinctContents)
      await fc.assert(
        fc.asyncProperty(groups, async (received) => {
          // What travels over links, brokers and files is JSON.
          const messages = JSON.parse(JSON.stringify(await messagesOf(received, output))) as NodeMessage[]
          const written = messages.flatMap(writesOf)
          assert.deepEqual(flat(written), flat(received))
        }),
        { numRuns: runs(300, 10_000) }
      )
    })
  }

  it('bear the time of the present where the payload is another list than was received', async () => {
    const logs = [1, 2, 3].map((n): Log => ({ time: n, contents: [['n', String(n)]] }))
    const [message] = await messagesOf([{ topic: 't', source: 's', tags: [], logs }], 'group')
    assert.ok(message)
    const filtered = { ...message, payload: (message.payload as unknown[]).slice(1) }
    const [write] = writesOf(filtered)
    assert.equal(write?.topic, 't')
    assert.ok(write.logs.every((log) => log.time > 3))
  })
})
