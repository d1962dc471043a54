import assert from 'node:assert/strict'
import { SlsSource } from '../../engine/source/source'
import type { SourceClient } from '../../engine/source/source-client'
import { ShardStore } from '../engine/source/shard-store'
import { VirtualClock } from '../engine/source/virtual-clock'
import { runs } from '../support/counts'

const minutes = runs(2, 10)

describe('A hundred shards that are idle for minutes', () => {
  it('are asked at most once a second each, and listed once a round', async () => {
    const clock = new VirtualClock()
    const store = new ShardStore(100)
    const counts = { pulls: 0, lists: 0, cursors: 0 }
    const real = store.client(() => clock.during(new Promise((resolve) => setImmediate(resolve))))
    const client: SourceClient = {
      ...real,
      pullLogs: (...call) => {
        counts.pulls++
        return real.pullLogs(...call)
      },
      listShards: (...call) => {
        counts.lists++
        return real.listShards(...call)
      },
      getCursor: (...call) => {
        counts.cursors++
        return real.getCursor(...call)
      }
    }
    const source = new SlsSource({ client, logstores: 'access', clock, random: () => 0.5 })
    const next = source[Symbol.asyncIterator]().next()
    await clock.delay(60_000)
    const settled = { ...counts }
    await clock.delay(minutes * 60_000)
    const pulls = counts.pulls - settled.pulls
    const lists = counts.lists - settled.lists
    console.log(
      `      in ${minutes} min: ${pulls} pulls (${(pulls / minutes / 6000).toFixed(2)} a second and shard), ${lists} lists`
    )
    assert.ok(pulls > 0 && pulls <= 100 * 60 * minutes, `${pulls} pulls`)
    assert.ok(lists >= minutes - 1 && lists <= minutes + 1, `${lists} lists`)
    assert.equal(counts.cursors, 100, 'a start cursor a shard, no more')
    await source.close()
    await next
  }).timeout(120_000)
})
