import type { Content } from '../client/model'

/** What all logs of one request have in common. */
export interface BatchFrame {
  readonly logstore: string
  readonly topic: string
  readonly source: string
  readonly tags: readonly Content[]
  /** 32 lower-case hex digits as sent; undefined where the service chooses the shard. */
  readonly hashKey: string | undefined
}

/**
 * Text that is equal for equal frames only. Each part stands behind its own length, so no character in a part can
 * be taken for the border of two: topic `a|b` with source `c` never equals topic `a` with source `b|c`.
 */
export function batchKey(frame: BatchFrame): string {
  let key = sized(frame.logstore) + sized(frame.topic) + sized(frame.source) + sized(frame.hashKey ?? '')
  for (const [name, value] of frame.tags) key += sized(name) + sized(value)
  return key
}

/** The requests that the service lays on the same shard, as far as a writer can know. */
export function routeKey(frame: BatchFrame): string {
  return sized(frame.logstore) + (frame.hashKey ?? '')
}

function sized(text: string): string {
  return `${text.length}:${text}`
}
