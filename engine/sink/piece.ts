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
  readonly logs: number
  /** Encoded bytes of these logs. */
  readonly bytes: number
}

/** The share of a write of which other logs are elsewhere, or of what was read from disk. */
export class PartialShare implements Share {
  constructor(
    readonly ticket: Settlement,
    public logs: number,
    public bytes: number
  ) {}
}

/** How many times too large its memory may be for an encoded group that waits, and where memory is short. */
const TOLERATED_SLACK = 4
const LEAST_SLACK = 1.25

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
  /** Whose memory `#raw` is, where it can be used again. */
  #encoder: LogGroupEncoder | undefined
  #body: Promise<Buffer> | undefined

  private constructor(
    rawSize: number,
    readonly shares: readonly Share[],
    readonly compression: CompressionName,
    /** Times of its logs, or wider. */
    span: TimeSpan
  ) {
    this.#rawSize = rawSize
    this.#span = span
    this.logs = shares.reduce((sum, share) => sum + share.logs, 0)
  }

  /** What was encoded; from now on the encoder is the piece's. */
  static ofEncoder(
    encoder: LogGroupEncoder,
    shares: readonly Share[],
    compression: CompressionName,
    span: TimeSpan
  ): Piece {
    const raw = encoder.finish()
    const piece = new Piece(raw.length, shares, compression, span)
    piece.#raw = raw
    piece.#encoder = encoder
    return piece
  }

  /** One that is compressed already. */
  static ofBody(
    body: Buffer,
    rawSize: number,
    shares: readonly Share[],
    compression: CompressionName,
    span: TimeSpan
  ): Piece {
    const piece = new Piece(rawSize, shares, compression, span)
    piece.#body = Promise.resolve(body)
    return piece
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
    this.#letGoOfRaw()
    this.#raw = raw
    this.#rawSize = raw.length
    this.#body = undefined
    return repaired
  }

  /** The bytes to send. Compressed once, whoever asks; from then on only these are kept. */
  body(): Promise<Buffer> {
    this.#body ??= this.#compress()
    return this.#body
  }

  /** Gives back memory that the encoder reserved in vain: most of it, or where it is short nearly all. */
  trim(isShort: boolean): void {
    const raw = this.#raw
    if (raw === undefined || this.#body !== undefined) return
    if (raw.buffer.byteLength <= raw.length * (isShort ? LEAST_SLACK : TOLERATED_SLACK)) return
    const copy = copyOf(raw)
    this.#letGoOfRaw()
    this.#raw = copy
  }

  /** Two pieces with half of the logs each. */
  splitByLogs(): Promise<[Piece, Piece]> {
    const first: Share[] = []
    const second: Share[] = []
    let left = Math.ceil(this.logs / 2)
    for (const { ticket, logs, bytes } of this.shares) {
      const kept = Math.min(left, logs)
      const keptBytes = Math.round((bytes * kept) / logs)
      if (kept > 0) first.push(new PartialShare(ticket, kept, keptBytes))
      if (kept < logs) second.push(new PartialShare(ticket, logs - kept, bytes - keptBytes))
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
      return Piece.ofEncoder(encoder, shares, this.compression, this.#span)
    }
    return [encode(first), encode(second)]
  }

  async #compress(): Promise<Buffer> {
    try {
      const raw = await this.#rawBytes()
      const body = await compress(this.compression, raw)
      if (body === raw) this.#encoder = undefined
      this.#letGoOfRaw()
      return body
    } catch (error) {
      this.#body = undefined
      throw error
    }
  }

  async #rawBytes(): Promise<Buffer> {
    if (this.#raw !== undefined) return this.#raw
    const body = (await this.#body) ?? Buffer.alloc(0)
    return await decompress(this.compression, body, this.rawSize)
  }

  #letGoOfRaw(): void {
    this.#raw = undefined
    this.#encoder?.release()
    this.#encoder = undefined
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
