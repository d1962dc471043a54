// `npm start -- --file`: sends the lines of a file through the demo's flow and compares what comes back.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { followRecords, sendRecords } from './flow-client.mjs'
import { Ledger } from './ledger.mjs'
import { lineOfLog, linesOf, logOfLine } from './lines.mjs'

const maxLogsPerRequest = 500
const maxBytesPerRequest = 1024 * 1024
const maxRequests = 16
/** How long after the last line a duplicate is waited for, ms. */
const settleTime = 1_000

/**
 * @param {{ url: string, file: string, seconds: number, signal: AbortSignal, say: (text: string) => void }} options
 * @returns {Promise<{ written: number, read: number, lost: number, duplicated: number, seconds: number }>}
 *   written: lines that sls-out reported as accepted; read: distinct lines that came back byte for byte; lost: lines of
 *   the file that did not; seconds: from the first line sent to the last one back
 */
export async function runFile({ url, file, seconds, signal, say }) {
  const run = randomUUID()
  const ledger = new Ledger()
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
  let lastArrival = 0
  const records = await followRecords(url, (record) => {
    const line = lineOfLog(run, record)
    if (line === undefined) return
    ledger.arrive(line.index, line.bytes)
    lastArrival = performance.now()
  })
  const started = performance.now()
  lastArrival = started
  const progress = setInterval(() => say(`${ledger.sent} sent, ${ledger.returned} back`), 2_000)
  try {
    const { written, refused, total } = await sendLines({ url, file, run, ledger, signal: deadline, say })
    while (ledger.underway > refused && !deadline.aborted) await delay(20)
    await delay(settleTime, undefined, { signal: deadline }).catch(() => {})
    if (ledger.altered > 0) say(`${ledger.altered} lines came back with other bytes`)
    if (deadline.aborted && total > ledger.returned) say(`${seconds} s were over before every line was back`)
    return {
      written,
      read: ledger.returned,
      lost: total - ledger.returned,
      duplicated: ledger.duplicated,
      seconds: Math.round(lastArrival - started) / 1000
    }
  } finally {
    clearInterval(progress)
    records.close()
  }
}

async function sendLines({ url, file, run, ledger, signal, say }) {
  const requests = new Set()
  let written = 0
  let refused = 0
  let total = 0
  let batch = []
  let batchBytes = 0

  const post = async () => {
    const logs = batch
    batch = []
    batchBytes = 0
    while (requests.size >= maxRequests) await Promise.race(requests)
    const request = sendRecords(url, logs, signal)
      .then(() => {
        written += logs.length
      })
      .catch((error) => {
        refused += logs.length
        say(`${logs.length} lines were not accepted: ${error.message}`)
      })
      .finally(() => requests.delete(request))
    requests.add(request)
  }

  for await (const line of linesOf(file)) {
    const index = total
    total += 1
    if (signal.aborted) continue
    if (batch.length > 0 && batchBytes + line.length > maxBytesPerRequest) await post()
    ledger.send(index, line)
    batch.push(logOfLine(run, index, line))
    batchBytes += line.length
    if (batch.length >= maxLogsPerRequest) await post()
  }
  if (batch.length > 0 && !signal.aborted) await post()
  await Promise.all(requests)
  return { written, refused, total }
}
