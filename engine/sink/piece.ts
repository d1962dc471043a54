import { LogGroupEncoder } from '../client/codec/log-group-encoder'
import { parseLogGroup } from '../client/codec/log-group-list'
import { compress, decompress } from '../client/compression/compression'
import type { SlsError } from '../client/errors'
import type { CompressionName } from '../client/model'
import { mayRepair, repairGroup, type ServiceTime, type TimeRepairName, type TimeSpan } from './log-time'

/** Hears what becomes of logs. */
export interface Settlement {
  accept(logs: number, bytes: number, requestId: string, attempts: number): void
  fail(logs: number, error: SlsError): void
  /** They are on disk for sure. */
  spool(logs: number, bytes: number): void
}

/** The consecutive logs of a batch that belong to one write. */
export interface Share {
  readonly ticket: Settlement
  logs: number
  /** Encoded bytes of these logs. */
  bytes: number
}

/** Slack that an encoded group may keep while it waits, as a share of its bytes. */
const TOLERATED_SLACK = 0.25

/** The body of one request: a whole batch, or a part of one that was cut. */
export class Piece {
  readonly logs: number
  /** Calls made for it. */
  attempts = 0
  /** Retries after ordinary and after transient failures. */
  ordinaryRetries = 0
  transientRetries = 0
  #rawSize: number
  #span: TimeSpan
  #raw: Buffer | undefined
  #body: Buffer | undefined

  private constructor(
    raw: Buffer | undefined,
    body: Buffer | undefined,
    rawSize: number,
    readonly shares: readonly Share[],
    readonly compression: CompressionName,
    /** Times of its logs, or wider. */
    span: TimeSpan
  ) {
    this.#raw = raw
    this.#body = body
    this.#rawSize = rawSize
    this.#span = span
    this.logs = shares.reduce((sum, share) => sum + share.logs, 0)
  }

  /** One that is encoded. */
  static ofRaw(raw: Buffer, shares: readonly Share[], compression: CompressionName, span: TimeSpan): Piece {
    return new Piece(raw, undefined, raw.length, shares, compression, span)
  }

  /** One that is compressed already. */
  static ofBody(
    body: Buffer,
    rawSize: number,
    shares: readonly Share[],
    compression: CompressionName,
    span: TimeSpan
  ): Piece {
    return new Piece(undefined, body, rawSize, shares, compression, span)
  }

  /** Bytes before compression. */
  get rawSize(): number {
    return this.#rawSize
  }

  /** Times of its logs, or wider. */
  get span(): TimeSpan {
    return this.#span
  }

  /** Repairs the times of its logs, see {@link repairGroup}. Returns how many got another one. */
  async repairTimes(service: ServiceTime, repair: TimeRepairName): Promise<number> {
    if (!mayRepair(this.#span, service, repair)) return 0
    const { raw, repaired, span } = repairGroup(await this.#rawBytes(), service, repair)
    this.#span = span
    if (repaired === 0) return 0
    this.#raw = raw
    this.#rawSize = raw.length
    this.#body = undefined
    return repaired
  }

  /** The bytes to send. Compressed once; from then on only these are kept. */
  async body(): Promise<Buffer> {
    if (this.#body === undefined) {
      this.#body = await compress(this.compression, await this.#rawBytes())
      this.#raw = undefined
    }
    return this.#body
  }

  /** Gives back what the encoder reserved in vain. */
  trim(): void {
    const raw = this.#raw
    if (raw !== undefined && raw.buffer.byteLength > raw.length * (1 + TOLERATED_SLACK))
      this.#raw = copyOf(raw)
  }

  /** Two pieces with half of the logs each. */
  splitByLogs(): Promise<[Piece, Piece]> {
    const first: Share[] = []
    const second: Share[] = []
    let left = Math.ceil(this.logs / 2)
    for (const { ticket, logs, bytes } of this.shares) {
      const kept = Math.min(left, logs)
      const keptBytes = Math.round((bytes * kept) / logs)
      if (kept > 0) first.push({ ticket, logs: kept, bytes: keptBytes })
      if (kept < logs) second.push({ ticket, logs: logs - kept, bytes: bytes - keptBytes })
      left -= kept
    }
    return this.#split(first, second)
  }

  /** Two pieces with half of the writes each. */
  splitByWrites(): Promise<[Piece, Piece]> {
    const half = Math.ceil(this.shares.length / 2)
    return this.#split(this.shares.slice(0, half), this.shares.slice(half))
  }

  async #split(first: readonly Share[], second: readonly Share[]): Promise<[Piece, Piece]> {
    const group = parseLogGroup(await this.#rawBytes())
    const logs = group.logs()
    let at = 0
    const encode = (shares: readonly Share[]): Piece => {
      const encoder = new LogGroupEncoder(group)
      const end = shares.reduce((sum, share) => sum + share.logs, at)
      for (const log of logs.slice(at, end)) encoder.append(log)
      at = end
      return Piece.ofRaw(encoder.finish(), shares, this.compression, this.#span)
    }
    return [encode(first), encode(second)]
  }

  async #rawBytes(): Promise<Buffer> {
    return this.#raw ?? (await decompress(this.compression, this.#body ?? Buffer.alloc(0), this.rawSize))
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
