import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator/index'
import type { SourceStatus } from '../../engine/source/source'
import { numbered, write } from './logstore'
import { connection, type FlowNode, keyOf, type Running, run, tab, until, withNodeRed } from './runtime'

const low = '0'.repeat(32)
const high = 'f'.repeat(32)

describe('Several sls-in', () => {
  withNodeRed()
  let sls: SlsEmulator
  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:4'] })
  })
  afterEach(() => sls.close())

  function slsIn(id: string, properties: Readonly<Record<string, unknown>>): FlowNode {
    return {
      ...{ id, z: 'tab', type: 'sls-in', config: 'connection', logstores: 'access', localState: false },
      ...{ fetchInterval: 10, inputs: 1, wires: [[`logs ${id}`]], ...properties }
    }
  }

  const running = (nodes: readonly FlowNode[]) => {
    const helpers = nodes.map(({ id }) => ({ id: `logs ${id}`, z: 'tab', type: 'helper', wires: [] }))
    const failures: FlowNode[] = [
      { id: 'catch', z: 'tab', type: 'catch', scope: nodes.map(({ id }) => id), wires: [['failed']] },
      { id: 'failed', z: 'tab', type: 'helper', wires: [] }
    ]
    return run([tab, connection(sls), ...nodes, ...helpers, ...failures], { credentials: keyOf(sls) })
  }

  /** The shards that a node reads. */
  async function shardsOf(flow: Running, id: string): Promise<number[]> {
    const before = flow.messages(`logs ${id}`).length
    flow.send(id, { action: 'status' })
    const answer = await flow.at(`logs ${id}`, before)
    return (answer.payload as SourceStatus).shards.map(({ shard }) => shard)
  }

  async function untilShared(flow: Running, shares: Readonly<Record<string, number>>): Promise<void> {
    for (;;) {
      const counts = await Promise.all(
        Object.keys(shares).map(async (id) => (await shardsOf(flow, id)).length)
      )
      if (counts.join() === Object.values(shares).join()) return
    }
  }

  it('in one consumer group share the shards, under names of their own', async () => {
    const group = { assignment: 'group', consumerGroup: 'readers', heartbeatInterval: 50, groupTimeout: 5 }
    const flow = await running([slsIn('a', group), slsIn('b', { ...group, consumer: 'named' })])
    await untilShared(flow, { a: 2, b: 2 })
    const [one, two] = [await shardsOf(flow, 'a'), await shardsOf(flow, 'b')]
    assert.deepEqual(
      [...one, ...two].sort((x, y) => x - y),
      [0, 1, 2, 3]
    )
    await write(sls, { ...numbered(0, 3), hashKey: low }, { ...numbered(3, 6), hashKey: high })
    const logs = () => ['a', 'b'].flatMap((id) => flow.messages(`logs ${id}`)).filter(({ sls: from }) => from)
    await until('the logs', () => logs().length >= 6)
    assert.equal(logs().length, 6)
  })

  it('tell in the log of a group that has other settings, and of shards that are lost', async () => {
    const group = { assignment: 'group', consumerGroup: 'readers', heartbeatInterval: 50, inOrder: true }
    const before = await running([slsIn('a', { ...group, groupTimeout: 5 })])
    await untilShared(before, { a: 4 })
    await before.stop()
    const flow = await running([slsIn('a', { ...group, groupTimeout: 7, inOrder: false })])
    await untilShared(flow, { a: 4 })
    const told =
      /access: the consumer group readers has a time-out of 5 s and order, not a time-out of 7 s and no order/
    await until('the warning', () => flow.reports('a').some((text) => told.test(text)))
    sls.addFault({
      kind: 'error',
      call: 'HeartBeat',
      code: 'NotExistConsumerWithBody',
      status: 400,
      count: 1
    })
    const lost = /access: lost shards 0, 1, 2, 3: the service does not know this member any more/
    await until('the loss', () => flow.reports('a').some((text) => lost.test(text)))
    await untilShared(flow, { a: 4 })
  })

  it('are given their shards by an expression', async () => {
    const custom = {
      ...{ assignment: 'custom', assignmentExpression: 'logstore = "access" and shard < 3 ? 5 : taskCount' },
      taskCount: '2'
    }
    const flow = await running([
      slsIn('a', { ...custom, taskIndex: '0' }),
      slsIn('b', { ...custom, taskIndex: 'gateway-1' })
    ])
    await untilShared(flow, { a: 1, b: 3 })
    assert.deepEqual([await shardsOf(flow, 'a'), await shardsOf(flow, 'b')], [[3], [0, 1, 2]])
  })

  it('tell of an expression that is malformed, or gives no number for a shard', async () => {
    const custom = (assignmentExpression: string) => ({ assignment: 'custom', assignmentExpression })
    const flow = await running([slsIn('a', custom('shard +')), slsIn('b', custom('shard = 2 ? "two" : 0'))])
    const failed = await flow.take('failed', 2)
    const texts = failed.map(({ error }) => (error as { message: string }).message).join('\n')
    assert.match(texts, /assignmentExpression/)
    assert.match(texts, /no whole number for shard 2 of access/)
    assert.deepEqual(await shardsOf(flow, 'b'), [0, 1, 3])
  })
})
