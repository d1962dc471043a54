import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeCursor } from '../../engine/client/cursor'
import { runs } from '../support/counts'
import { EmulatorProcess } from './emulator-process'
import { groupShards, Instance, Writer } from './instances'

const heartbeatInterval = 300
const groupTimeout = 4
const shardCount = 8

describe('Several Node-REDs on one logstore', function () {
  this.timeout(240_000)
  let sls: EmulatorProcess
  let instances: Instance[]
  let writer: Writer | undefined

  beforeEach(async () => {
    sls = await EmulatorProcess.start('--project', 'test', '--logstore', `logs:${shardCount}`)
    instances = []
  })

  afterEach(async () => {
    await writer?.end()
    writer = undefined
    await Promise.all(instances.map((instance) => instance.end()))
    await sls.stop()
  })

  const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
    const limit = Date.now() + 60_000
    while (!(await holds())) {
      assert.ok(Date.now() < limit, `waited in vain for ${what}`)
      await delay(20)
    }
  }

  const untilAllIsThere = async (count: number) => {
    const missing = () => {
      const there = new Set(
        instances.flatMap(({ received }) => received).map(({ record }) => record['index'])
      )
      return count - there.size
    }
    await until('every log', () => missing() === 0)
  }

  /** All deliveries of a log but one are repeats, and may only be of what the killed one had not committed. */
  const repeatsOf = (killed: Instance, committed: readonly bigint[]): number => {
    const deliveries = new Map<string, Instance[]>()
    for (const instance of instances) {
      for (const { id } of instance.received) deliveries.set(id, [...(deliveries.get(id) ?? []), instance])
    }
    let repeats = 0
    for (const [id, receivers] of deliveries) {
      if (receivers.length === 1) continue
      repeats += receivers.length - 1
      // A machine so busy that a member was silent for the time-out: it has told of it.
      if (instances.some(({ hasLostShards }) => hasLostShards)) continue
      const [, , shard = '', cursor = ''] = id.split('/')
      assert.ok(
        receivers.includes(killed),
        `${id} came twice, to ${receivers.map(({ name }) => name).join()}`
      )
      assert.ok(
        decodeCursor(cursor) >= (committed[Number(shard)] ?? 0n),
        `${id} came again although committed`
      )
    }
    return repeats
  }

  const checkpoints = async () =>
    (await groupShards(sls)).map(({ checkpoint }) => (checkpoint === '' ? 0n : decodeCursor(checkpoint)))

  it('in one consumer group share its shards; when one is killed the others take over, and a new one gets its share', async () => {
    const members = runs(2, 3)
    const join = async (name: string) => {
      const group = { assignment: 'group', consumerGroup: 'readers', consumer: name }
      instances.push(await Instance.start(name, sls, { ...group, heartbeatInterval, groupTimeout }))
    }
    const spread = async () => {
      const counts = new Map<string, number>()
      for (const { owner } of await groupShards(sls)) {
        if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1)
      }
      return counts
    }
    const untilSpread = (names: readonly string[]) =>
      until(`a spread over ${names.join()}`, async () => {
        const counts = await spread()
        const own = names.map((name) => counts.get(name) ?? 0)
        const isWhole = own.reduce((sum, count) => sum + count, 0) === shardCount
        return isWhole && Math.max(...own) - Math.min(...own) <= 1
      })
    const names = Array.from({ length: members }, (_, index) => `member-${index}`)
    await Promise.all(names.map(join))
    await untilSpread(names)
    writer = new Writer(sls)
    await until('logs at each', () => instances.every(({ received }) => received.length >= 20))
    const [killed, ...others] = instances
    assert.ok(killed)
    await killed.kill()
    const killedAt = Date.now()
    const committed = await checkpoints()
    const survivors = others.map(({ name }) => name)
    await untilSpread(survivors)
    const movedAfter = Date.now() - killedAt
    await join('new')
    await untilSpread([...survivors, 'new'])
    const newest = instances.at(-1)
    await until('logs at the new one', () => (newest?.received.length ?? 0) >= 20)
    const count = await writer.end()
    await untilAllIsThere(count)
    const repeats = repeatsOf(killed, committed)
    console.log(
      `        ${count} logs, ${members} members: 0 lost, ${repeats} delivered again, shards moved ${movedAfter} ms after the kill`
    )
  })

  for (let run = 0; run < runs(0, 1); run++) {
    it('divided by number read their shards each; one that is killed goes on where it was', async () => {
      const modulo = {
        taskIndex: variable('TASK_INDEX'),
        taskCount: variable('TASK_COUNT'),
        consumerGroup: 'readers'
      }
      const env = (index: number) => ({ TASK_INDEX: `gateway-${index}`, TASK_COUNT: '2' })
      instances = await Promise.all(
        [0, 1].map((index) => Instance.start(`gateway-${index}`, sls, modulo, env(index)))
      )
      writer = new Writer(sls)
      await until('logs at both', () => instances.every(({ received }) => received.length >= 50))
      const [killed] = instances
      assert.ok(killed)
      await killed.kill()
      const committed = await checkpoints()
      await delay(500)
      await killed.startAgain(env(0))
      const before = killed.received.length
      await until('logs after the kill', () => killed.received.length >= before + 50)
      const count = await writer.end()
      await untilAllIsThere(count)
      const repeats = repeatsOf(killed, committed)
      for (const [index, instance] of instances.entries()) {
        const shards = instance.received.map(({ id }) => Number(id.split('/')[2]))
        assert.ok(shards.every((shard) => shard % 2 === index))
      }
      console.log(`        ${count} logs, 2 instances: 0 lost, ${repeats} delivered again`)
    })
  }
})

/** As Node-RED replaces it in a property. */
function variable(name: string): string {
  return `$\{${name}}`
}
