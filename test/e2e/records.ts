import assert from 'node:assert/strict'
import type { Delivery } from './flows'

/** Records with the indexes [from, to). */
export function indexed(from: number, to: number): Record<string, string>[] {
  return Array.from({ length: to - from }, (_, place) => ({
    index: String(from + place),
    text: `line ${from + place}, 第${from + place}行`
  }))
}

/** Sends the records through the flow of `writingOverHttp`; rejects unless SLS has accepted all of them. */
export async function postRecords(url: string, records: readonly Record<string, string>[]): Promise<void> {
  const response = await fetch(`${url}/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records)
  })
  assert.equal(response.status, 200, await response.text())
}

/** The logs 0..count-1 were delivered, each of them once, whole, and each under an id of its own. */
export function expectEachOnce(deliveries: readonly Delivery[], count: number): void {
  const byIndex = (a: Delivery, b: Delivery) => Number(a.record['index']) - Number(b.record['index'])
  assert.deepEqual(
    [...deliveries].sort(byIndex).map(({ record }) => record),
    indexed(0, count)
  )
  assert.equal(new Set(deliveries.map(({ id }) => id)).size, count)
}
