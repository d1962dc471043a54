// The engine's source: pulled, decompressed, decoded to plain records, acknowledged.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { built } from '../paths.mjs'

const { SlsClient } = built('engine/client/client.js')
const { SlsSource } = built('engine/source/source.js')

export async function open({ connection }) {
  const client = new SlsClient({ ...connection, region: 'cn-hangzhou' })
  const sourceOf = (logstore) =>
    new SlsSource({ client, logstores: logstore, checkpointMode: 'disabled', fetchInterval: 100 })

  return {
    /** Reads from the start of a new source on until there are `logs`, the source's own start included. */
    async read({ logstore, logs }) {
      const source = sourceOf(logstore)
      let count = 0
      for await (const batch of source) {
        for (const group of batch.groups) {
          count += group.records().records.length
          // A program that reads at full speed still has to let its event loop turn.
          await nextTurn()
        }
        batch.ack()
        if (count >= logs) break
      }
      await source.close()
      return { logs: count }
    },

    /** Reads `logs` logs in full flow, once `warm` have come. */
    async steady({ logstore, logs, warm }, meter) {
      const source = sourceOf(logstore)
      let count = 0
      for await (const batch of source) {
        for (const group of batch.groups) {
          const before = count
          count += group.records().records.length
          if (before < warm && count >= warm) meter.start()
          if (count >= warm + logs) break
          await nextTurn()
        }
        batch.ack()
        if (count >= warm + logs) break
      }
      meter.stop()
      await source.close()
      return { logs: count - warm }
    },

    /** Reads and acknowledges nothing, until the memory limit holds it, then for a while only as much as it acknowledges. */
    async hold({ logstore, milliseconds }) {
      const source = sourceOf(logstore)
      const end = performance.now() + milliseconds
      const held = []
      let most = 0
      for await (const batch of source) {
        for (const group of batch.groups) group.records()
        held.push(batch)
        const { memory } = source.status()
        most = Math.max(most, memory.held)
        if (memory.held > memory.limit * 0.8) held.shift().ack()
        if (performance.now() > end) break
        await nextTurn()
      }
      await source.close()
      return { most }
    },

    /** Waits on shards in which nothing comes. */
    async idle({ logstore, milliseconds, settle }, meter) {
      const source = sourceOf(logstore)
      const reading = (async () => {
        for await (const batch of source) batch.ack()
      })()
      await new Promise((resolve) => setTimeout(resolve, settle))
      const before = client.stats().calls
      meter.start(false)
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      meter.stop()
      const calls = client.stats().calls - before
      await source.close()
      await reading
      return { calls }
    },

    close: () => client.close()
  }
}
