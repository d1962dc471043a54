import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SlsClient } from '../../../engine/client/client'
import { ManagedProcess } from '../../e2e/child-process'
import { EmulatorProcess } from '../../e2e/emulator-process'
import { runs } from '../../support/counts'
import { decodeGroupList } from './support/decode'
import type { SpoolingOrders, SpoolingResult } from './support/spooling-process'

const writer = path.resolve('build/test/engine/sink/support/spooling-process.js')
const keys = ['0', '5', 'a', 'f'].map((digit) => digit.repeat(32))
const megabyte = 1024 * 1024

describe('A service that is away', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-outage-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function logsOf(client: SlsClient): Promise<number[][]> {
    const shards: number[][] = []
    for (const { shardId } of await client.listShards('access')) {
      const ids: number[] = []
      let cursor = await client.getCursor('access', shardId, 'begin')
      for (;;) {
        const pulled = await client.pullLogs({ logstore: 'access', shard: shardId, cursor, count: 100 })
        for (const { logs } of decodeGroupList(pulled.body))
          for (const { contents } of logs) ids.push(Number(contents.find(([key]) => key === 'id')?.[1]))
        if (pulled.nextCursor === cursor) break
        cursor = pulled.nextCursor
      }
      shards.push(ids)
    }
    return shards
  }

  for (const ordered of [true, false].slice(0, runs(1, 2))) {
    it(`for a while at 5,000 logs a second loses none and fills no memory${ordered ? ', and keeps the order' : ''}`, async function () {
      const seconds = runs(3, 60)
      this.timeout(120_000 + seconds * 10_000)
      const args = ['--logstore', 'access:4', '--data', path.join(folder, 'sls')]
      let sls = await EmulatorProcess.start(...args)
      const { endpoint, project, accessKeyId, accessKeySecret } = sls
      const orders: SpoolingOrders = {
        endpoint,
        project,
        accessKeyId,
        accessKeySecret,
        sink: {
          spool: 'overflow',
          spoolPath: path.join(folder, 'spool'),
          totalBytes: 8 * megabyte,
          flushInterval: 100,
          ordered,
          concurrency: 2
        },
        first: 0,
        rate: 5000,
        keys: ordered ? keys : []
      }
      const process = new ManagedProcess('The writer', [writer, JSON.stringify(orders)])
      let result: SpoolingResult
      try {
        await process.waitFor(/^done /)
        await pause(runs(1000, 5000))
        process.tell('baseline')
        await sls.stop()
        await pause(seconds * 1000)
        sls = await EmulatorProcess.start(...args, '--port', String(sls.port))
        await pause(500)
        process.tell('finish')
        const [line] = await process.waitFor(/^result .*/, 0, 60_000 + seconds * 5000)
        result = JSON.parse(line.slice('result '.length)) as SpoolingResult
        await process.ended
      } finally {
        await process.end('SIGKILL')
      }
      const client = new SlsClient({ endpoint, project, credentials: { accessKeyId, accessKeySecret } })
      const shards = await logsOf(client)
      client.close()
      await sls.stop()
      const arrived = shards.flat()
      const distinct = new Set(arrived)
      assert.deepEqual([distinct.size, result.failed], [result.written, 0])
      assert.ok(result.spooled > 0, 'the disk was used')
      assert.ok(result.peak <= 8 * megabyte)
      console.log(
        `        ${result.written} logs, ${seconds} s away: 0 lost, ${arrived.length - distinct.size} twice, ` +
          `${result.spooled} by disk, resident set +${(result.growth / megabyte).toFixed(1)} MiB`
      )
      assert.ok(result.growth < 64 * megabyte, `the resident set grew by ${result.growth} bytes`)
      if (!ordered) return
      for (const key of keys.keys()) {
        for (const ids of shards) {
          const first = [...new Set(ids.filter((id) => Math.floor(id / 25) % keys.length === key))]
          assert.deepEqual(
            first,
            [...first].sort((a, b) => a - b),
            `order of key ${key}`
          )
        }
      }
    })
  }
})
