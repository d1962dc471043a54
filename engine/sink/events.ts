import type { SlsError } from '../client/errors'
import type { OptionNames } from '../client/option-checks'
import type { PlannedRequest } from './dry-run'

export interface RetryEvent {
  error: SlsError
  logstore: string
  hashKey: string | undefined
  /** The attempt that failed, from 1. */
  attempt: number
  /** Milliseconds until the next one. */
  delay: number
  /** Logs that wait for it. */
  logs: number
}

/** Logs failed for good; their writes reject. */
export interface ErrorEvent {
  error: SlsError
  logstore: string
  logs: number
}

/** The first success on a logstore after retries or failures. */
export interface RecoveredEvent {
  logstore: string
  /** Milliseconds since the first failure. */
  after: number
}

/** Logs were given up to make room; their writes reject with code `Dropped`. */
export interface DroppedEvent {
  logstore: string
  logs: number
  /** Encoded bytes. */
  bytes: number
}

export interface WaterEvent {
  /** Bytes of the buffer in use. */
  used: number
  limit: number
}

/** The spool cannot be opened, written or read, or is full. Nothing is lost; it is tried again. */
export interface SpoolTroubleEvent {
  error: SlsError
}

/** Something is missing or damaged in the spool's folder. */
export interface SpoolDamageEvent {
  /** The folder. */
  path: string
  file: string
  kind: 'cut' | 'damaged' | 'vanished'
  bytes: number
  /** Logs lost, as far as is known. */
  logs: number
}

/** Logs were longer on disk than `spoolMaxAge` allows, and are given up. */
export interface SpoolExpiredEvent {
  logstore: string
  logs: number
  /** Unix milliseconds at which the oldest went to disk. */
  since: number
}

/** The service refused logs from disk for good. */
export interface SpoolRejectedEvent {
  error: SlsError
  logstore: string
  logs: number
  /** The file they are kept in; undefined where it is full or cannot be written, and they are lost. */
  file: string | undefined
}

export interface SinkEvents {
  retry: RetryEvent
  error: ErrorEvent
  recovered: RecoveredEvent
  dropped: DroppedEvent
  /** A dry run did not send this request. */
  planned: PlannedRequest
  /** The buffer is 80 % full: who writes should slow down. */
  highWater: WaterEvent
  /** It was, and is half empty again. */
  lowWater: WaterEvent
  spoolTrouble: SpoolTroubleEvent
  /** The trouble with the spool is over. */
  spoolRecovered: { path: string }
  spoolDamage: SpoolDamageEvent
  spoolExpired: SpoolExpiredEvent
  spoolRejected: SpoolRejectedEvent
}

export const sinkEvents: OptionNames<SinkEvents> = {
  retry: true,
  error: true,
  recovered: true,
  dropped: true,
  planned: true,
  highWater: true,
  lowWater: true,
  spoolTrouble: true,
  spoolRecovered: true,
  spoolDamage: true,
  spoolExpired: true,
  spoolRejected: true
}

export type SinkListener<Name extends keyof SinkEvents> = (event: SinkEvents[Name]) => void

type Listeners = { [Name in keyof SinkEvents]?: Set<SinkListener<Name>> }

/**
 * Tells listeners after the sink's own step is complete, so that they may call it; one that throws becomes a
 * process warning and harms nobody else. Without listeners an event is not an error, of whatever name.
 */
export class SinkEmitter {
  readonly #listeners: Listeners = {}

  on<Name extends keyof SinkEvents>(name: Name, listener: SinkListener<Name>): void {
    const listeners: Set<SinkListener<Name>> = this.#listeners[name] ?? new Set<SinkListener<Name>>()
    listeners.add(listener)
    this.#listeners[name] = listeners as Listeners[Name]
  }

  off<Name extends keyof SinkEvents>(name: Name, listener: SinkListener<Name>): void {
    this.#listeners[name]?.delete(listener)
  }

  emit<Name extends keyof SinkEvents>(name: Name, event: SinkEvents[Name]): void {
    const listeners: Set<SinkListener<Name>> | undefined = this.#listeners[name]
    if (listeners === undefined || listeners.size === 0) return
    queueMicrotask(() => {
      for (const listener of listeners) deliver(listener, event)
    })
  }
}

function deliver<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event)
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}
