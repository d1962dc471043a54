// The terminal's view of the demo while it runs.
import { setTimeout as delay } from 'node:timers/promises'
import { followRecords } from './flow-client.mjs'

/** ms between two lines of the terminal. */
const interval = 10_000

/** Tells from time to time how much has arrived; returns after `seconds`, or when the signal says so. */
export async function watchArrivals(url, { seconds = Number.POSITIVE_INFINITY, signal, say }) {
  let total = 0
  let told = 0
  const records = await followRecords(url, () => {
    total += 1
  })
  const end = performance.now() + seconds * 1000
  try {
    for (let left = seconds * 1000; left > 0; left = end - performance.now()) {
      const pause = Math.min(interval, left)
      await delay(pause, undefined, { signal })
      const rate = ((total - told) / (pause / 1000)).toFixed(1)
      say(`${new Date().toLocaleTimeString('en-GB')}   ${total} logs have arrived, ${rate}/s`)
      told = total
    }
  } finally {
    records.close()
  }
}
