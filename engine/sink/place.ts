import { LogGroupEncoder } from '../client/codec/log-group-encoder'
import { notTags } from '../client/codec/log-input'
import { SlsError } from '../client/errors'
import type { Content } from '../client/model'
import { type BatchFrame, batchKey } from './batch-key'
import { adjustHashKey, assertHashKey } from './hash-key'

/** Most bytes around a text field, and of one UTF-16 unit in UTF-8. */
const FIELD_BOUND = 24
const UNIT_BOUND = 3

const NO_TAGS: readonly Content[] = Object.freeze([])

/** Where logs go; empty parts are absent parts. */
export interface WriteTarget {
  logstore?: string | undefined
  topic?: string | undefined
  source?: string | undefined
  tags?: readonly Content[] | undefined
  /** 32 hex digits; rounded down to a bucket where the sink is told so. Without one the service chooses the shard. */
  hashKey?: string | undefined
}

/** A target, checked. */
export interface Place {
  readonly frame: BatchFrame
  readonly key: string
  /** Writes of one order key arrive in the order written, where the sink keeps order. */
  readonly orderKey: string
  /** Most bytes that topic, source and tags take in a batch. */
  readonly frameBound: number
}

/** Exact bytes of topic, source and tags in a batch. */
export function measureFrame(frame: BatchFrame): number {
  return new LogGroupEncoder(frame, 0).byteLength
}

/** Which of topic, source and tags takes the most bytes, and how many. */
export function largestPart({ topic, source, tags }: BatchFrame): { field: string; bytes: number } {
  const parts = Object.entries({ topic: { topic }, source: { source }, tags: { tags } })
  const sizes = parts.map(([field, part]) => ({ field, bytes: new LogGroupEncoder(part, 0).byteLength }))
  return sizes.reduce((largest, part) => (part.bytes > largest.bytes ? part : largest))
}

/** Checks targets. Most writes go where the one before went, so the last place is remembered. */
export class Places {
  #last: { target: WriteTarget; place: Place } | undefined

  /** @param buckets undefined: hash keys are sent as they are */
  constructor(
    private readonly logstore: string | undefined,
    private readonly buckets: number | undefined
  ) {}

  /** @throws SlsError `InvalidOption` (logstore, hashKey) or `InvalidLog` (topic, source, tags), naming the field */
  placeOf({ logstore, topic, source, tags, hashKey }: WriteTarget): Place {
    const last = this.#last
    const tagged = Array.isArray(tags) ? tags.length > 0 : tags !== undefined
    if (
      last !== undefined &&
      !tagged &&
      last.target.logstore === logstore &&
      last.target.topic === topic &&
      last.target.source === source &&
      last.target.hashKey === hashKey
    ) {
      return last.place
    }
    const target: WriteTarget = { logstore, topic, source, tags, hashKey }
    const place = this.#check(target)
    if (!tagged) this.#last = { target, place }
    return place
  }

  #check(target: WriteTarget): Place {
    const logstore = text('logstore', target.logstore) || this.logstore
    if (logstore === undefined) {
      throw new SlsError('InvalidOption', 'logstore is missing: neither the sink nor the write names one', {
        field: 'logstore'
      })
    }
    const hashKey = text('hashKey', target.hashKey)
    const frame: BatchFrame = {
      logstore,
      topic: text('topic', target.topic),
      source: text('source', target.source),
      tags: checkedTags(target.tags),
      hashKey: this.#routed(hashKey)
    }
    const key = batchKey(frame)
    const orderKey =
      hashKey === '' ? `batch ${key}` : `key ${logstore.length}:${logstore}${hashKey.toLowerCase()}`
    return { frame, key, orderKey, frameBound: boundFrame(frame) }
  }

  #routed(hashKey: string): string | undefined {
    if (hashKey === '') return undefined
    return this.buckets === undefined ? assertHashKey(hashKey) : adjustHashKey(hashKey, this.buckets)
  }
}

function text(field: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  const code = field === 'logstore' || field === 'hashKey' ? 'InvalidOption' : 'InvalidLog'
  throw new SlsError(code, `${field} must be a string`, { field })
}

function checkedTags(tags: unknown): readonly Content[] {
  if (tags === undefined || tags === null) return NO_TAGS
  const isPair = (tag: unknown) =>
    Array.isArray(tag) && tag.length === 2 && tag.every((part) => typeof part === 'string')
  if (Array.isArray(tags) && tags.every(isPair)) return tags as Content[]
  throw notTags()
}

function boundFrame(frame: BatchFrame): number {
  let units = frame.topic.length + frame.source.length
  for (const [key, value] of frame.tags) units += key.length + value.length
  return (2 + frame.tags.length) * FIELD_BOUND + units * UNIT_BOUND
}
