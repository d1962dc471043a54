import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator'
import { read } from '../nodes/logstore'
import { withNodeRed } from '../nodes/runtime'
import { writingFlow } from './support/writing-flow'

describe('Topics and sources that run into each other', () => {
  withNodeRed()

  it('are kept apart, although their logs wait in batches together', async () => {
    const sls = await SlsEmulator.start({ quiet: true })
    const out = { topic: 'topic', topicType: 'msg', source: 'origin', sourceType: 'msg', flushInterval: 50 }
    const flow = await writingFlow(sls, { out })
    const places = [
      ['a|b', 'c'],
      ['a', 'b|c'],
      ['a|', 'c'],
      ['a', '|c'],
      ['ab', ''],
      ['a', 'b'],
      ['', 'ab']
    ] as const
    for (let round = 0; round < 20; round++) {
      for (const [topic, origin] of places)
        flow.send('out', { payload: { of: `${topic} ${origin}` }, topic, origin })
    }
    await flow.take('done', 20 * places.length)
    const logs = await read(sls, 20 * places.length)
    assert.equal(logs.length, 20 * places.length)
    for (const { topic, source, contents } of logs) assert.deepEqual(contents, [['of', `${topic} ${source}`]])
    await flow.stop()
    await sls.close()
  })
})
