import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator/index'
import type { NodeMessage } from '../../nodes/node-red'
import type { ReceivedFrom } from '../../nodes/received-from'
import { numbered, write } from './logstore'
import {
  connection,
  errorOf,
  type FlowNode,
  keyOf,
  type Running,
  run,
  tab,
  unreadableIn,
  until,
  withNodeRed
} from './runtime'

const probes: FlowNode[] = ['logs', 'events', 'done', 'failed'].map((id) => ({
  id,
  z: 'tab',
  type: 'helper',
  wires: []
}))

describe('sls-in that is told what to do', () => {
  withNodeRed()
  let sls: SlsEmulator

  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:1'] })
  })

  afterEach(() => sls.close())

  async function reading(
    properties: Readonly<Record<string, unknown>> = {},
    catching: Readonly<Record<string, unknown>> = {}
  ): Promise<Running> {
    const node = {
      id: 'in',
      z: 'tab',
      type: 'sls-in',
      config: 'connection',
      logstores: 'access',
      localState: false,
      fetchInterval: 10,
      inputs: 1,
      wires: [['logs'], ['events']],
      ...properties
    }
    const listeners = [
      { id: 'complete', z: 'tab', type: 'complete', scope: ['in'], wires: [['done']] },
      { id: 'catch', z: 'tab', type: 'catch', scope: ['in'], wires: [['failed']], ...catching }
    ]
    return run([tab, connection(sls), node, ...listeners, ...probes], {
      credentials: keyOf(sls)
    })
  }

  function numbersOf(messages: readonly NodeMessage[]): string[] {
    return messages.map(({ payload }) => (payload as { n: string }).n)
  }

  it('replays a range, marked, and goes on live', async () => {
    await write(sls, numbered(0, 3))
    const flow = await reading()
    const before = await flow.take('logs', 3)
    flow.send('in', { action: 'replay', from: '1 h ago', to: 'end' })
    await flow.take('done', 1)
    await write(sls, numbered(3, 4))
    const after = (await flow.take('logs', 7)).slice(3)
    assert.deepEqual(numbersOf(after), ['0', '1', '2', '3'])
    const from = after.map(({ sls: place }) => place as ReceivedFrom)
    assert.deepEqual(
      from.map(({ replay }) => replay),
      [true, true, true, undefined]
    )
    assert.deepEqual(
      from.slice(0, 3).map(({ id }) => id),
      before.map(({ sls: place }) => (place as ReceivedFrom).id)
    )
  })

  it('forgets its progress and begins anew', async () => {
    await write(sls, numbered(0, 3))
    const flow = await reading()
    await flow.take('logs', 3)
    flow.send('in', { action: 'forget' })
    assert.deepEqual(numbersOf((await flow.take('logs', 6)).slice(3)), ['0', '1', '2'])
  })

  it('seeks to a distance from now', async () => {
    await write(sls, numbered(0, 3))
    const flow = await reading()
    await flow.take('logs', 3)
    flow.send('in', { action: 'seek', position: '10 min ago' })
    assert.deepEqual(numbersOf((await flow.take('logs', 6)).slice(3)), ['0', '1', '2'])
  })

  it('seeks to the position timestamp, whose time stands beside it', async () => {
    await write(sls, numbered(0, 3))
    const flow = await reading()
    await flow.take('logs', 3)
    flow.send('in', { action: 'seek', position: 'timestamp' })
    const [failed] = await flow.take('failed', 1)
    assert.match(failed === undefined ? '' : errorOf(failed).message, /msg\.position is neither/)
    flow.send('in', {
      action: 'seek',
      position: 'timestamp',
      positionTime: Math.floor(Date.now() / 1000) - 60
    })
    assert.deepEqual(numbersOf((await flow.take('logs', 6)).slice(3)), ['0', '1', '2'])
  })

  it('refuses a range that is none, naming the field', async () => {
    const flow = await reading()
    flow.send('in', { action: 'replay', from: 'someday' })
    flow.send('in', { action: 'replay', from: 'now', to: '1 h ago' })
    flow.send('in', { action: 'replay', from: 'begin', to: 'end', shard: 9 })
    const failed = await flow.take('failed', 3)
    const texts = failed.map((message) => errorOf(message).message).join('\n')
    assert.match(texts, /msg\.from is neither/)
    assert.match(texts, /to: must lie after from/)
    assert.match(texts, /access\/9 is not read here/)
  })

  for (const [property, more] of [
    ['action', {}],
    ['position', { action: 'seek' }],
    ['from', { action: 'replay' }],
    ['shard', { action: 'forget' }],
    ['sls', {}]
  ] as const) {
    it(`refuses a message whose ${property} cannot be read, naming it`, async () => {
      const flow = await reading({ acknowledge: 'manual' })
      flow.send('in', unreadableIn(more, property))
      const failed = errorOf(await flow.first('failed'))
      assert.equal(failed.code, 'InvalidOption')
      assert.match(failed.message, new RegExp(`msg\\.${property} cannot be read: out of order`))
      assert.equal(failed.cause['field'], property)
      flow.send('in', { action: 'checkpoint' })
      await flow.first('done')
      assert.equal(flow.messages('failed').length, 1)
    })
  }

  it('reports a message whose error cannot be read, which no Catch node can have', async () => {
    const flow = await reading({ acknowledge: 'manual' })
    const place = { project: 'p', logstore: 'l', shard: 0, cursor: 'c', index: 0 }
    flow.send('in', unreadableIn({ sls: place }, 'error'))
    await until('the report', () =>
      flow.reports('in').some((report) => /InvalidOption: msg\.error cannot be read/.test(report))
    )
  })

  it('refuses a request for its status that cannot bear the answer', async () => {
    const flow = await reading()
    flow.send('in', Object.freeze({ action: 'status' }))
    assert.equal(errorOf(await flow.first('failed')).cause['field'], 'payload')
  })

  it('tells an error of its own once where a Catch node of all nodes brings it back', async () => {
    const flow = await reading({ acknowledge: 'manual' }, { scope: null, wires: [['failed', 'in']] })
    for (const wrong of [{ action: 'stop' }, { payload: 'nothing to acknowledge' }]) flow.send('in', wrong)
    const ofReading = { code: 'LogStoreNotExist', project: sls.project, logstore: 'access' }
    flow.send('in', { sls: ofReading, error: { message: 'no such logstore', source: { id: 'in' } } })
    await flow.take('done', 3)
    assert.equal(flow.messages('failed').length, 2)
  })

  it('sends events to a second output where that is switched on, and none otherwise', async () => {
    await write(sls, numbered(0, 3))
    const flow = await reading({ events: true, outputs: 2, maxRedeliveries: 0, acknowledge: 'manual' })
    const [first] = await flow.take('logs', 3)
    flow.send('in', { sls: first?.sls, error: { message: 'cannot take that' } })
    await until('the poison', () => flow.messages('events').some(({ topic }) => topic === 'poison'))
    const events = flow.messages('events')
    const { payload } = events.find(({ topic }) => topic === 'poison') ?? {}
    const { event, logstore, index, reason, error } = payload as Record<string, unknown>
    assert.deepEqual([event, logstore, index, reason], ['poison', 'access', 0, 'cannot take that'])
    assert.equal((error as { code: string }).code, 'PoisonLog')
    const shards = events.find(({ topic }) => topic === 'shards')?.payload as { owned: number[] }
    assert.deepEqual(shards.owned, [0])
    await flow.stop()
    const quiet = await reading()
    await quiet.take('logs', 3)
    assert.deepEqual(quiet.messages('events'), [])
  })

  it('sends again what did not come back in time, and only that', async () => {
    await write(sls, numbered(0, 3))
    const flow = await reading({ acknowledge: 'manual', ackTimeout: 300 })
    const [first, second, third] = await flow.take('logs', 3)
    flow.send('in', { sls: first?.sls })
    flow.send('in', { sls: third?.sls })
    const again = await flow.at('logs', 3)
    assert.deepEqual(again.sls, second?.sls)
    flow.send('in', { sls: again.sls })
    flow.send('in', { action: 'status' })
    await until('the end of it', () => {
      const status = flow.messages('logs').at(-1)?.payload as { inFlight?: { bytes: number } }
      if (status.inFlight?.bytes === 0) return true
      if (status.inFlight !== undefined) flow.send('in', { action: 'status' })
      return false
    })
  })
})
