import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import type { Service } from './service'
import { now } from './support/calls'
import { eventually } from './support/eventually'
import type { Pair } from './support/log-groups'
import { accepted } from './support/reply'

/** A log as searches give it: its fields, and those of the service between double underscores. */
export type LogEntry = Record<string, string>

/** Unix seconds of the first log, a whole minute that lies a while back. */
export const START = Math.floor(now() / 60) * 60 - 3600

const token = [',', ' ', ';', ':', '=']

/**
 * An indexed logstore that holds ten logs, one every ten seconds from START on: `n` counts them, every third is an
 * error.
 */
export async function createSearchable(service: Service): Promise<Logstore> {
  const logstore = await service.createLogstore()
  const text = { type: 'text', token, caseSensitive: false, alias: '', doc_value: true, chn: false }
  const index = {
    line: { token, caseSensitive: false, chn: false },
    keys: { level: text, message: text, n: { type: 'long', alias: '', doc_value: true } }
  }
  accepted(await service.call({ method: 'POST', path: `${logstore.path}/index`, json: index }))
  await indexTakesHold(service, logstore)
  const logs = Array.from({ length: 10 }, (_, n) => {
    const isError = n > 0 && n % 3 === 0
    const contents: Pair[] = [
      ['n', String(n)],
      ['level', isError ? 'error' : 'info'],
      ['message', isError ? 'order failed' : 'order placed']
    ]
    return { time: START + n * 10, contents }
  })
  await logstore.put({ topic: 'shop', source: '10.0.0.9', tags: [], logs })
  await eventually(async () => assert.equal(await countLogs(service, logstore, START), 10))
  return logstore
}

/** A new index holds for what is written after it is known everywhere: a probe long before START tells when. */
async function indexTakesHold(service: Service, logstore: Logstore): Promise<void> {
  const time = START - 3600
  await eventually(async () => {
    await logstore.put({ logs: [{ time, contents: [['message', 'probe']] }] })
    assert.ok((await countLogs(service, logstore, time)) > 0)
  })
}

async function countLogs(service: Service, logstore: Logstore, from: number): Promise<number> {
  const json = { from, to: from + 600, line: 100, offset: 0, query: '' }
  const path = `${logstore.path}/logs`
  return (await service.json<{ data: LogEntry[] }>({ method: 'POST', path, json })).data.length
}
