import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SlsEmulator } from '../../emulator'
import { groupOf, keyAt, World } from './world'

describe('a data folder', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sls-emulator-'))
  const world = new World({ logstores: ['access:2'] })

  let data = ''
  beforeEach(async () => {
    data = mkdtempSync(path.join(folder, 'run-'))
    await world.stop()
    await world.start({ data })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function restart(options: Parameters<World['start']>[0] = {}): Promise<void> {
    await world.stop()
    await world.start({ data, ...options })
  }

  it('keeps everything across restarts', async () => {
    for (let i = 0; i < 10; i++) await world.putText(`${i}`, keyAt(i % 2 ? 0.9 : 0))
    world.emulator.splitShard('access', 0)
    await world.putText('child', keyAt(0))
    await world.post('/logstores/access/consumergroups', { consumerGroup: 'g', timeout: 30, order: true })
    const checkpoint = await world.cursor(1, 'end')
    await world.post('/logstores/access/consumergroups/g?type=checkpoint&forceSuccess=true', {
      shard: 1,
      checkpoint
    })
    await world.post('/logstores/access/index', { ttl: 3 })
    const facts = async () => ({
      shards: await world.client.json({ target: '/logstores/access/shards' }),
      groups: await world.client.json({ target: '/logstores/access/consumergroups' }),
      checkpoints: await world.client.json({ target: '/logstores/access/consumergroups/g' }),
      index: await world.client.json({ target: '/logstores/access/index' }),
      logstore: await world.client.json({ target: '/logstores/access' }),
      cursors: await Promise.all(
        [0, 1, 2, 3].flatMap((shard) => [world.cursor(shard, 'begin'), world.cursor(shard, 'end')])
      ),
      texts: await Promise.all([0, 1, 2, 3].map((shard) => world.texts(shard))),
      key: [world.emulator.accessKeyId, world.emulator.accessKeySecret]
    })
    const before = await facts()
    await restart()
    assert.deepEqual(await facts(), before)
    await world.putText('more', keyAt(0))
    await restart()
    assert.deepEqual(await world.texts(2), ['child', 'more'])
  })

  it('keeps what was answered, though the process was not stopped', async () => {
    await world.putText('answered', keyAt(0))
    const second = await SlsEmulator.start({ data, clock: () => world.now, quiet: true })
    const logstores = Object.values(second.stats().projects).flatMap((project) => Object.values(project))
    assert.equal(logstores[0]?.shards[0]?.logs, 1)
    await second.close()
  })

  it('drops the half of a record that a crash left, and goes on', async () => {
    await world.putText('whole', keyAt(0))
    await world.stop()
    const logs = path.join(data, 'logs/demo/access/0')
    appendFileSync(path.join(logs, readdirSync(logs)[0] ?? ''), Buffer.from('ff00000001000000aabb', 'hex'))
    await world.start({ data })
    assert.deepEqual(await world.texts(0), ['whole'])
    await world.putText('next', keyAt(0))
    await restart()
    assert.deepEqual(await world.texts(0), ['whole', 'next'])
  })

  it('reads from disk what the memory limit leaves no room for', async () => {
    await restart({ memory: 5000 })
    for (let i = 0; i < 20; i++) await world.putText(`${i}`.padEnd(1000), keyAt(0))
    assert.ok(world.emulator.stats().memory.used <= 5000)
    const texts = await world.texts(0)
    assert.deepEqual(
      texts.map(Number),
      Array.from({ length: 20 }, (_, i) => i)
    )
  })

  it('forgets deleted logstores and projects', async () => {
    await world.putText('gone', keyAt(0))
    world.emulator.deleteLogstore('access')
    world.emulator.createLogstore('access', { shardCount: 2 })
    await restart()
    assert.deepEqual(await world.texts(0), [])
  })

  it('keeps expired data expired', async () => {
    await world.putText('old', keyAt(0))
    const end = await world.cursor(0, 'end')
    world.emulator.addFault({ kind: 'expireCursors' })
    await restart()
    assert.deepEqual(await world.texts(0), [])
    assert.equal(await world.cursor(0, 'begin'), end)
  })

  it('takes an access key of its own where one is given', async () => {
    await restart({ accessKeyId: 'mine', accessKeySecret: 'secret' })
    await world.put(groupOf('x'))
    await restart({ accessKeyId: 'other', accessKeySecret: 'changed' })
    assert.equal(world.emulator.accessKeyId, 'other')
  })

  it('is free again where the emulator cannot start', async () => {
    const lock = path.join(data, 'lock')
    const { port } = world.emulator
    await world.stop()
    await assert.rejects(SlsEmulator.start({ data, host: '203.0.113.1', quiet: true }))
    assert.equal(existsSync(lock), false)
    const state = path.join(data, 'state.json')
    const kept = readFileSync(state)
    writeFileSync(state, '{"version":1,"projects":[{"name":"demo"}]}')
    await assert.rejects(SlsEmulator.start({ data, quiet: true }))
    assert.equal(existsSync(lock), false)
    writeFileSync(state, kept)
    await world.start({ data, port })
  })
})
