import assert from 'node:assert/strict'
import type { LogInput } from '../../../../engine/client/codec/log-group-encoder'
import { WriteError } from '../../../../engine/sink/write-error'

/** A small log with one field, `id`. */
export function log(id: string | number): LogInput {
  return { time: 1_700_000_000, contents: { id: String(id) } }
}

/** Logs with the ids `first` and so on. */
export function logs(count: number, first = 0): LogInput[] {
  return Array.from({ length: count }, (_, index) => log(first + index))
}

/** The error a write rejects with. */
export async function failureOf(write: Promise<unknown>): Promise<WriteError> {
  const error = await write.then(
    () => assert.fail('the write did not fail'),
    (reason: unknown) => reason
  )
  assert.ok(error instanceof WriteError, String(error))
  return error
}

/** What has become of a promise by now. */
export function watch(promise: Promise<unknown>): { readonly state: 'pending' | 'resolved' | 'rejected' } {
  const watched: { state: 'pending' | 'resolved' | 'rejected' } = { state: 'pending' }
  promise.then(
    () => {
      watched.state = 'resolved'
    },
    () => {
      watched.state = 'rejected'
    }
  )
  return watched
}
