import { SlsError } from '../../client/errors'
import type { CompressionName } from '../../client/model'
import { crc32 } from './crc32'

/** A sealed batch as it is kept: the body of its request and what the request needs besides. */
export interface SpoolEntry {
  readonly logstore: string
  /** 32 hex digits, or undefined where the service chooses the shard. */
  readonly hashKey: string | undefined
  /** Records of one lane are sent one after another where order is kept: any 32-bit number. */
  readonly lane: number
  readonly logs: number
  /** Bytes of the body before compression. */
  readonly rawSize: number
  readonly compression: CompressionName
  /** Unix milliseconds at which it went to disk. */
  readonly time: number
  /** Unix seconds: the earliest and the latest time of its logs. */
  readonly firstLog: number
  readonly lastLog: number
  readonly body: Buffer
}

/** What the head of a record says. */
export interface RecordHead extends Omit<SpoolEntry, 'body'> {
  /** Counts records from the first one ever written to the spool. */
  readonly seq: number
  readonly headSize: number
  readonly bodySize: number
  readonly bodySum: number
}

/** Begins every record, so that the next one is found behind damage; a later format has another one. */
export const RECORD_MAGIC: Buffer = Buffer.from('SLS1', 'latin1')
/** Bytes of a head without the names at its end. */
export const FIXED_HEAD = 72
/** The most that a head takes: logstore names are far shorter. */
export const LARGEST_HEAD = FIXED_HEAD + 2 * 1024
/** The most that a body may have; the service takes 10 MiB before compression. */
const LARGEST_BODY = 32 * 1024 * 1024
const LONGEST_NAME = 1024

/** Codes on disk: never change what a number stands for. */
const compressions: readonly CompressionName[] = ['none', 'lz4', 'deflate', 'zstd']

/** @throws SlsError `Spool` where a name or the body is too long to be kept */
export function encodeHead(entry: SpoolEntry, seq: number): Buffer {
  const logstore = Buffer.from(entry.logstore)
  const hashKey = Buffer.from(entry.hashKey ?? '')
  if (logstore.length > LONGEST_NAME || hashKey.length > LONGEST_NAME || entry.body.length > LARGEST_BODY)
    throw new SlsError('Spool', 'the logstore, the hash key or the batch is too long for the spool')
  const head = Buffer.alloc(FIXED_HEAD + logstore.length + hashKey.length)
  RECORD_MAGIC.copy(head)
  head.writeUInt16LE(logstore.length, 8)
  head.writeUInt16LE(hashKey.length, 10)
  head.writeUInt32LE(entry.body.length, 12)
  head.writeUInt32LE(crc32(entry.body), 16)
  head.writeUInt32LE(entry.lane >>> 0, 20)
  head.writeDoubleLE(seq, 24)
  head.writeDoubleLE(entry.time, 32)
  head.writeUInt32LE(entry.logs, 40)
  head.writeUInt32LE(entry.rawSize, 44)
  head.writeDoubleLE(entry.firstLog, 48)
  head.writeDoubleLE(entry.lastLog, 56)
  head.writeUInt8(compressions.indexOf(entry.compression), 64)
  logstore.copy(head, FIXED_HEAD)
  hashKey.copy(head, FIXED_HEAD + logstore.length)
  head.writeUInt32LE(crc32(head.subarray(8)), 4)
  return head
}

/** Bytes of the head that `encodeHead` makes. */
export function headSizeOf({ logstore, hashKey = '' }: SpoolEntry): number {
  return FIXED_HEAD + Buffer.byteLength(logstore) + Buffer.byteLength(hashKey)
}

/** The head that begins at `offset`; undefined where there is none that is whole and right. */
export function decodeHead(bytes: Buffer, offset: number = 0): RecordHead | undefined {
  if (offset + FIXED_HEAD > bytes.length || bytes.compare(RECORD_MAGIC, 0, 4, offset, offset + 4) !== 0)
    return undefined
  const logstoreSize = bytes.readUInt16LE(offset + 8)
  const hashKeySize = bytes.readUInt16LE(offset + 10)
  const headSize = FIXED_HEAD + logstoreSize + hashKeySize
  const end = offset + headSize
  if (headSize > LARGEST_HEAD || end > bytes.length) return undefined
  if (crc32(bytes.subarray(offset + 8, end)) !== bytes.readUInt32LE(offset + 4)) return undefined
  const compression = compressions[bytes.readUInt8(offset + 64)]
  const bodySize = bytes.readUInt32LE(offset + 12)
  if (compression === undefined || bodySize > LARGEST_BODY) return undefined
  const names = offset + FIXED_HEAD
  return {
    seq: bytes.readDoubleLE(offset + 24),
    headSize,
    bodySize,
    bodySum: bytes.readUInt32LE(offset + 16),
    lane: bytes.readUInt32LE(offset + 20),
    time: bytes.readDoubleLE(offset + 32),
    logs: bytes.readUInt32LE(offset + 40),
    rawSize: bytes.readUInt32LE(offset + 44),
    firstLog: bytes.readDoubleLE(offset + 48),
    lastLog: bytes.readDoubleLE(offset + 56),
    compression,
    logstore: bytes.toString('utf8', names, names + logstoreSize),
    hashKey: hashKeySize === 0 ? undefined : bytes.toString('utf8', names + logstoreSize, end)
  }
}

/** Bytes on disk. */
export function recordSize(head: Pick<RecordHead, 'headSize' | 'bodySize'>): number {
  return head.headSize + head.bodySize
}
