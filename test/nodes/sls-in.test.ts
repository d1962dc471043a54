import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
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
  until,
  withNodeRed
} from './runtime'

function slsIn(properties: Readonly<Record<string, unknown>> = {}): FlowNode {
  return {
    id: 'in',
    z: 'tab',
    type: 'sls-in',
    config: 'connection',
    logstores: 'access',
    localState: false,
    fetchInterval: 10,
    inputs: 1,
    wires: [['logs']],
    ...properties
  }
}

const probes: FlowNode[] = [
  { id: 'logs', z: 'tab', type: 'helper', wires: [] },
  { id: 'complete', z: 'tab', type: 'complete', scope: ['in'], wires: [['done']] },
  { id: 'done', z: 'tab', type: 'helper', wires: [] },
  { id: 'catch', z: 'tab', type: 'catch', scope: ['in'], wires: [['failed']] },
  { id: 'failed', z: 'tab', type: 'helper', wires: [] }
]

function fromOf(message: NodeMessage | undefined): ReceivedFrom {
  assert.ok(typeof message?.sls === 'object' && message.sls !== null)
  return message.sls as ReceivedFrom
}

function numberOf(message: NodeMessage): number {
  return Number((message.payload as { n: string }).n)
}

function numbersFrom(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n)
}

/** What comes back to sls-in of a message. */
function back(message: NodeMessage, changes: Readonly<Record<string, unknown>> = {}): NodeMessage {
  return { ...(JSON.parse(JSON.stringify({ sls: message.sls })) as object), ...changes }
}

function quick(sls: SlsEmulator): FlowNode {
  return connection(sls, { baseRetryBackoff: 10, maxRetryBackoff: 50 })
}

describe('sls-in', () => {
  withNodeRed()
  let sls: SlsEmulator
  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:2', 'other:1'] })
  })
  afterEach(() => sls.close())

  async function reading(properties: Readonly<Record<string, unknown>> = {}, more: readonly FlowNode[] = []) {
    return await run([tab, quick(sls), slsIn(properties), ...probes, ...more], {
      credentials: keyOf(sls)
    })
  }

  describe('puts into messages', () => {
    const time = Math.floor(Date.now() / 1000)
    const framed = {
      topic: 'nginx',
      source: '10.0.0.1',
      tags: [['host', 'a']] as const,
      logs: [
        { time, timeNs: 5, contents: { status: '200', body: '{"a":[1]}' } },
        { time: time + 1, contents: { status: '007' } }
      ]
    }

    it('a log each, with all that is known of it', async () => {
      await write(sls, framed)
      const flow = await reading()
      const [first, second] = await flow.take('logs', 2)
      assert.equal(first?.topic, 'nginx')
      assert.deepEqual(first.payload, { status: '200', body: '{"a":[1]}' })
      const { cursor, nextCursor, receiveTime, ...rest } = fromOf(first)
      assert.deepEqual(rest, {
        project: sls.project,
        logstore: 'access',
        shard: 0,
        index: 0,
        count: 2,
        time,
        timeNs: 5,
        source: '10.0.0.1',
        topic: 'nginx',
        tags: { host: 'a' },
        id: `${sls.project}/access/0/${cursor}/0`
      })
      assert.notEqual(cursor, nextCursor)
      assert.equal(typeof receiveTime, 'number')
      assert.equal(fromOf(second).id, `${sls.project}/access/0/${cursor}/1`)
      assert.equal(fromOf(second).time, time + 1)
      assert.deepEqual(
        [first, second].map((message) => message?.['parts']),
        [0, 1].map((index) => ({ id: `${sls.project}/access/0/${cursor}/0`, type: 'array', index, count: 2 }))
      )
    })

    it('a log group each', async () => {
      await write(sls, framed, { ...framed, topic: 'other' })
      const flow = await reading({ output: 'group', parseJson: true, numbers: true })
      const [first, second] = await flow.take('logs', 2)
      assert.deepEqual(first?.payload, [{ status: 200, body: { a: [1] } }, { status: '007' }])
      assert.deepEqual([first?.topic, second?.topic], ['nginx', 'other'])
      assert.deepEqual(fromOf(first).times, [time, time + 1])
      assert.deepEqual(fromOf(first).timesNs, [5, null])
      assert.equal(fromOf(first).count, 2)
    })

    it('a fetch each, with the frames of its log groups', async () => {
      await write(sls, framed, { ...framed, topic: 'other' })
      const flow = await reading({ output: 'fetch' })
      const message = await flow.first('logs')
      assert.equal((message.payload as unknown[]).length, 4)
      assert.equal(message.topic, '')
      assert.deepEqual(
        fromOf(message).groups?.map(({ topic, count, tags }) => ({ topic, count, tags })),
        [
          { topic: 'nginx', count: 2, tags: { host: 'a' } },
          { topic: 'other', count: 2, tags: { host: 'a' } }
        ]
      )
    })

    it('a log group each as received', async () => {
      const contents = [
        ['2', 'second'],
        ['1', 'first'],
        ['1', 'again']
      ] as const
      await write(sls, { ...framed, logs: [{ time, timeNs: 7, contents }] })
      const flow = await reading({ output: 'raw' })
      const message = await flow.first('logs')
      assert.deepEqual(message.payload, {
        topic: 'nginx',
        source: '10.0.0.1',
        tags: [['host', 'a']],
        logs: [{ time, timeNs: 7, contents }]
      })
    })
  })

  it('reads several logstores, and those that an expression matches', async () => {
    await write(sls, numbered(0, 1), { ...numbered(1, 2), logstore: 'other' })
    for (const logstores of ['access, other', '/acc.*|oth.*/']) {
      const flow = await reading({ logstores })
      const messages = await flow.take('logs', 2)
      assert.deepEqual(
        new Set(messages.map((message) => fromOf(message).logstore)),
        new Set(['access', 'other'])
      )
      await flow.stop()
    }
  })

  it('lets the event loop turn while it delivers a large log group', async () => {
    await write(sls, numbered(0, 6000))
    const flow = await reading()
    let turns = 0
    const counting = setInterval(() => turns++, 0)
    await flow.take('logs', 6000)
    clearInterval(counting)
    assert.ok(turns > 10, `${turns} turns`)
    assert.deepEqual(flow.messages('logs').map(numberOf), numbersFrom(0, 6000))
  })

  describe('with manual acknowledgement', () => {
    const manual = { acknowledge: 'manual', consumerGroup: 'group', checkpointMode: 'onCheckpoints' }

    /** The logs that a fresh start from the consumer group's checkpoint delivers first. */
    async function rest(flow: Running, count: number): Promise<number[]> {
      await flow.stop()
      const next = await reading({ ...manual, position: 'checkpoint' })
      return (await next.take('logs', count)).map(numberOf)
    }

    it('moves on only with the last log of a group, in whatever order logs come back', async () => {
      await write(sls, numbered(0, 5), numbered(5, 10), numbered(10, 15))
      const flow = await reading(manual)
      const messages = await flow.take('logs', 15)
      for (const n of [7, 9, 5, 6, 8, 4, 3, 1, 0]) flow.send('in', back(messages[n] ?? {}))
      await flow.take('done', 9)
      flow.send('in', { action: 'checkpoint' })
      await flow.take('done', 10)
      // The second group is done, the first is not: 2 is missing.
      assert.deepEqual(await rest(flow, 5), numbersFrom(0, 5))
    })

    it('goes on behind what is acknowledged', async () => {
      await write(sls, numbered(0, 5), numbered(5, 10))
      const flow = await reading(manual)
      const messages = await flow.take('logs', 10)
      for (const message of messages.slice(0, 7)) flow.send('in', back(message))
      await flow.take('done', 7)
      flow.send('in', { action: 'checkpoint' })
      await flow.take('done', 8)
      assert.deepEqual(await rest(flow, 5), numbersFrom(5, 10))
    })

    it('delivers again what is refused, and only that', async () => {
      await write(sls, numbered(0, 6))
      const flow = await reading(manual)
      const messages = await flow.take('logs', 6)
      flow.send('in', back(messages[1] ?? {}, { error: { message: 'no luck' } }))
      const refused = messages[4] ?? {}
      flow.send('in', { sls: { ...fromOf(refused), nack: true } })
      for (const n of [0, 2, 3]) flow.send('in', back(messages[n] ?? {}))
      const again = (await flow.take('logs', 8)).slice(6)
      assert.deepEqual(again.map(numberOf), [1, 4])
      assert.deepEqual(fromOf(again[0]), fromOf(messages[1]))
      assert.equal(again[0]?.['parts'], undefined)
      for (const message of [...again, messages[5] ?? {}]) flow.send('in', back(message))
      await flow.take('done', 8)
      await write(sls, numbered(6, 7))
      assert.deepEqual((await flow.take('logs', 9)).slice(8).map(numberOf), [6])
    })

    it('acknowledges a message that comes back with an error if it says so', async () => {
      await write(sls, numbered(0, 1))
      const flow = await reading(manual)
      const message = await flow.first('logs')
      flow.send('in', { sls: { ...fromOf(message), nack: false }, error: { message: 'dealt with' } })
      flow.send('in', { action: 'checkpoint' })
      await flow.take('done', 2)
      await write(sls, numbered(1, 2))
      assert.deepEqual(await rest(flow, 1), [1])
    })

    it('takes many acknowledgements in one message', async () => {
      await write(sls, numbered(0, 3))
      const flow = await reading(manual)
      const messages = await flow.take('logs', 3)
      flow.send('in', { sls: messages.map(({ sls }) => sls) })
      flow.send('in', { action: 'checkpoint' })
      await flow.take('done', 2)
      await write(sls, numbered(3, 4))
      assert.deepEqual(await rest(flow, 1), [3])
    })

    it('refuses a message that says nothing, and takes no notice of one that it does not wait for', async () => {
      await write(sls, numbered(0, 1))
      const flow = await reading(manual)
      const message = await flow.first('logs')
      flow.send('in', { payload: 'what?' })
      flow.send('in', { action: 'dance' })
      const [silent, dancing] = await flow.take('failed', 2)
      assert.match(errorOf(silent ?? {}).message, /InvalidOption: .*msg\.sls/)
      assert.match(errorOf(dancing ?? {}).message, /InvalidOption: .*dance/)
      flow.send('in', back(message))
      flow.send('in', back(message))
      await flow.take('done', 2)
    })

    it('with a Complete node behind sls-out moves on with what has been written', async () => {
      await write(sls, numbered(0, 20))
      const flow = await reading({ ...manual, wires: [['out']] }, [
        {
          id: 'out',
          z: 'tab',
          type: 'sls-out',
          config: 'connection',
          logstore: 'other',
          flushInterval: 0,
          wires: []
        },
        { id: 'written', z: 'tab', type: 'complete', scope: ['out'], wires: [['in', 'logs']] },
        { id: 'unwritten', z: 'tab', type: 'catch', scope: ['out'], wires: [['in']] }
      ])
      assert.deepEqual((await flow.take('logs', 20)).map(numberOf), numbersFrom(0, 20))
      await flow.take('done', 20)
      flow.send('in', { action: 'status' })
      flow.send('in', { action: 'checkpoint' })
      await flow.take('done', 22)
      await flow.stop()
      await write(sls, numbered(20, 21))
      const next = await reading({ ...manual, position: 'checkpoint' })
      assert.deepEqual(numberOf(await next.first('logs')), 20)
    })
  })

  describe('on control messages', () => {
    it('pauses and resumes', async () => {
      const flow = await reading()
      flow.send('in', { action: 'pause' })
      await flow.take('done', 1)
      await write(sls, numbered(0, 3))
      flow.send('in', { action: 'status' })
      const status = await flow.first('logs')
      assert.equal((status.payload as { state: string }).state, 'paused')
      flow.send('in', { action: 'resume' })
      assert.deepEqual((await flow.take('logs', 4)).slice(1).map(numberOf), [0, 1, 2])
    })

    it('seeks, to the beginning or to a time', async () => {
      await write(sls, numbered(0, 3))
      const flow = await reading()
      const before = await flow.take('logs', 3)
      flow.send('in', { action: 'seek', position: 'begin' })
      const after = (await flow.take('logs', 6)).slice(3)
      assert.deepEqual(after.map(fromOf), before.map(fromOf))
      flow.send('in', { action: 'seek', position: '2020-01-01T00:00:00Z', shard: 0 })
      assert.deepEqual((await flow.take('logs', 9)).slice(6).map(numberOf), [0, 1, 2])
    })

    it('seeking in one shard leaves the others to what they were at', async () => {
      await write(sls, numbered(0, 4), { ...numbered(4, 8), hashKey: 'f'.repeat(32) })
      const manual = { acknowledge: 'manual', consumerGroup: 'group', checkpointMode: 'onCheckpoints' }
      const flow = await reading(manual)
      const before = await flow.take('logs', 8)
      flow.send('in', { action: 'seek', position: 'begin', shard: 1 })
      await flow.take('logs', 12)
      flow.send('in', { action: 'seek', position: 'begin', shard: 7 })
      flow.send('in', { action: 'seek', position: 'begin', shard: { logstore: 'elsewhere', shard: 0 } })
      assert.match(errorOf(await flow.first('failed')).message, /access\/7 is not read here/)
      assert.match(errorOf(await flow.at('failed', 1)).message, /elsewhere\/0 is not read here/)
      for (const message of before) flow.send('in', back(message))
      flow.send('in', { action: 'checkpoint' })
      await until('the checkpoint', () => flow.messages('done').length === 10)
      await flow.stop()
      await write(sls, numbered(8, 9), { ...numbered(9, 10), hashKey: 'f'.repeat(32) })
      const next = await reading({ ...manual, position: 'checkpoint' })
      assert.deepEqual((await next.take('logs', 2)).map(numberOf).sort(), [8, 9])
    })

    it('refuses a position or a shard that there is not', async () => {
      const flow = await reading()
      flow.send('in', { action: 'seek', position: 'somewhere' })
      flow.send('in', { action: 'seek', position: 'begin', shard: 'x' })
      const failed = await flow.take('failed', 2)
      assert.match(errorOf(failed[0] ?? {}).message, /msg\.position/)
      assert.match(errorOf(failed[1] ?? {}).message, /msg\.shard/)
    })
  })

  describe('with something wrong', () => {
    it('names the property, to the status and to a Catch node', async () => {
      const broken: [Readonly<Record<string, unknown>>, RegExp][] = [
        [{ logstores: '' }, /logstores: .*missing/],
        [{ config: '' }, /config: .*missing/],
        [{ position: 'checkpoint' }, /consumerGroup: .*missing/],
        [{ position: 'timestamp', positionTime: 'soon' }, /positionTime: .*notTime/],
        [{ logstores: '/(/' }, /logstores: .*invalid/],
        [{ taskIndex: '3', taskCount: '3' }, /taskIndex: .*outOfRange/],
        [{ maxLogGroups: '1001' }, /maxLogGroups: .*outOfRange/],
        [{ logstores: 'no such name' }, /logstores/]
      ]
      for (const [properties, expected] of broken) {
        const flow = await reading(properties)
        assert.match(errorOf(await flow.first('failed')).message, expected)
        await until('the status to say so', () => flow.statusTexts('in').at(-1) === 'sls-in.status.wrong')
        await flow.stop()
      }
    })

    it('tells Status nodes, too, whose flow begins after it', async () => {
      const flow = await reading({ logstores: '' }, [
        { id: 'status', z: 'tab', type: 'status', scope: ['in'], wires: [['told']] },
        { id: 'told', z: 'tab', type: 'helper', wires: [] }
      ])
      const { status } = await flow.first('told')
      assert.equal((status as { text: string }).text, 'sls-in.status.wrong')
    })

    it('tells a logstore that is missing, and reads it once it is created', async () => {
      const flow = await reading({ logstores: 'later', discoveryInterval: 50 })
      assert.equal(errorOf(await flow.first('failed')).code, 'LogStoreNotExist')
      sls.createLogstore('later')
      await write(sls, { ...numbered(0, 1), logstore: 'later' })
      assert.equal(numberOf(await flow.first('logs')), 0)
      assert.equal(flow.messages('failed').length, 1)
    })

    it('tells a wrong key by its code', async () => {
      const flow = await run([tab, quick(sls), slsIn(), ...probes], {
        credentials: { connection: { accessKeyId: sls.accessKeyId, accessKeySecret: 'not-the-secret' } }
      })
      const failed = await flow.first('failed')
      assert.equal(errorOf(failed).code, 'SignatureNotMatch')
      assert.match(errorOf(failed).message, /HTTP 401/)
      assert.ok(!JSON.stringify(failed).includes('not-the-secret'))
      await until('the status to say so', () =>
        flow.statusTexts('in').some((text) => /SignatureNotMatch/.test(text))
      )
    })

    it('tells an endpoint out of reach once, and reads when it is back', async () => {
      const port = sls.port
      await write(sls, numbered(0, 1))
      await sls.close()
      const flow = await reading()
      assert.equal(errorOf(await flow.first('failed')).code, 'NetworkError')
      const { accessKeyId, accessKeySecret } = sls
      sls = await SlsEmulator.start({
        port,
        quiet: true,
        logstores: ['access'],
        accessKeyId,
        accessKeySecret
      })
      await write(sls, numbered(1, 2))
      assert.equal(numberOf(await flow.first('logs')), 1)
      assert.equal(flow.messages('failed').length, 1)
    })
  })

  describe('with progress on disk', () => {
    let userDir: string
    beforeEach(async () => {
      userDir = await mkdtemp(path.join(os.tmpdir(), 'sls-in-'))
    })
    afterEach(() => rm(userDir, { recursive: true, force: true }))

    async function resuming(properties: Readonly<Record<string, unknown>> = {}) {
      return await run([tab, connection(sls), slsIn({ localState: true, ...properties }), ...probes], {
        credentials: keyOf(sls),
        settings: { userDir }
      })
    }

    it('goes on where it was, without a repeat', async () => {
      await write(sls, numbered(0, 100))
      const flow = await resuming()
      await flow.take('logs', 100)
      await flow.stop()
      await write(sls, numbered(100, 101))
      const next = await resuming()
      assert.deepEqual(numberOf(await next.first('logs')), 100)
    })

    it('delivers of a group that was acknowledged in part only the rest', async () => {
      await write(sls, numbered(0, 10))
      const flow = await resuming({ acknowledge: 'manual' })
      const messages = await flow.take('logs', 10)
      for (const n of [0, 1, 5, 9]) flow.send('in', back(messages[n] ?? {}))
      await flow.take('done', 4)
      await flow.stop()
      const next = await resuming({ acknowledge: 'manual' })
      const rest = await next.take('logs', 6)
      assert.deepEqual(rest.map(numberOf), [2, 3, 4, 6, 7, 8])
      assert.deepEqual(fromOf(rest[0]), fromOf(messages[2]))
      for (const message of rest) next.send('in', back(message))
      await next.take('done', 6)
      await next.stop()
      await write(sls, numbered(10, 11))
      const last = await resuming({ acknowledge: 'manual' })
      assert.equal(numberOf(await last.first('logs')), 10)
    })

    it('takes logs that another query leaves for others than those that were acknowledged', async () => {
      await write(sls, numbered(0, 6))
      const flow = await resuming({ acknowledge: 'manual', query: "* | where n = '0' or n = '1' or n = '2'" })
      const messages = await flow.take('logs', 3)
      flow.send('in', back(messages[0] ?? {}))
      flow.send('in', back(messages[1] ?? {}))
      await flow.take('done', 2)
      await flow.stop()
      const next = await resuming({ acknowledge: 'manual', query: "* | where n = '3' or n = '4' or n = '5'" })
      const others = await next.take('logs', 3)
      assert.deepEqual(others.map(numberOf), [3, 4, 5])
    })

    it('stopped in the middle of a group repeats nothing and leaves nothing out', async () => {
      await write(sls, numbered(0, 6000))
      const flow = await resuming()
      await flow.take('logs', 1000)
      await flow.stop()
      const before = flow.messages('logs').map(numberOf)
      assert.ok(before.length < 6000)
      const next = await resuming()
      const after = (await next.take('logs', 6000 - before.length)).map(numberOf)
      assert.deepEqual([...before, ...after], numbersFrom(0, 6000))
    })

    it('warns and goes on where there is no place for it', async () => {
      await write(sls, numbered(0, 1))
      const blocked = path.join(userDir, 'file')
      await writeFile(blocked, '')
      for (const settings of [{ userDir: undefined }, { userDir: blocked }]) {
        const flow = await run([tab, connection(sls), slsIn({ localState: true }), ...probes], {
          credentials: keyOf(sls),
          settings
        })
        assert.equal(numberOf(await flow.first('logs')), 0)
        await flow.stop()
        assert.deepEqual(flow.reports('in'), ['sls-in.warning.no-local-state'])
      }
    })
  })
})
