import { crc32 } from './crc32'
import type { SpoolFile } from './disk'
import { decodeHead, LARGEST_HEAD, RECORD_MAGIC, type RecordHead, recordSize } from './record'

const WINDOW = 64 * 1024

/** What stands at a place of a segment: a record, bytes that are none, or the end. */
export type Found =
  | { kind: 'record'; head: RecordHead; offset: number; end: number }
  | { kind: 'damage'; offset: number; end: number }
  | { kind: 'end' }

/** Walks over the heads of a segment, record by record, and over what is damaged to the next record. */
export class SegmentScan {
  #window = Buffer.alloc(0)
  #windowAt = 0

  /** @param end the first byte that is not looked at; it may grow */
  constructor(
    private readonly file: SpoolFile,
    public end: number
  ) {}

  /** What begins at `offset`. */
  async at(offset: number): Promise<Found> {
    if (offset >= this.end) return { kind: 'end' }
    const bytes = await this.#bytesAt(offset, LARGEST_HEAD)
    const head = decodeHead(bytes)
    if (head !== undefined && offset + recordSize(head) <= this.end)
      return { kind: 'record', head, offset, end: offset + recordSize(head) }
    return { kind: 'damage', offset, end: await this.#nextRecord(offset + 1) }
  }

  /** The body of a record; undefined where it is not what was written. */
  async body(offset: number, head: RecordHead): Promise<Buffer | undefined> {
    const body = Buffer.allocUnsafeSlow(head.bodySize)
    const read = await this.file.read(body, offset + head.headSize)
    return read === body.length && crc32(body) === head.bodySum ? body : undefined
  }

  /** Where the next whole head begins, or the end. */
  async #nextRecord(from: number): Promise<number> {
    for (let offset = from; offset < this.end; ) {
      const bytes = await this.#bytesAt(offset, WINDOW)
      if (bytes.length === 0) return this.end
      const found = bytes.indexOf(RECORD_MAGIC)
      if (found < 0) {
        offset += Math.max(1, bytes.length - RECORD_MAGIC.length + 1)
        continue
      }
      const at = offset + found
      const head = decodeHead(await this.#bytesAt(at, LARGEST_HEAD))
      if (head !== undefined && at + recordSize(head) <= this.end) return at
      offset = at + 1
    }
    return this.end
  }

  /** Up to `size` bytes from `offset`, fewer only at the end. */
  async #bytesAt(offset: number, size: number): Promise<Buffer> {
    const wanted = Math.min(size, this.end - offset)
    const start = offset - this.#windowAt
    if (start < 0 || start + wanted > this.#window.length) {
      const window = Buffer.allocUnsafeSlow(Math.min(Math.max(WINDOW, wanted), this.end - offset))
      const read = await this.file.read(window, offset)
      this.#window = window.subarray(0, read)
      this.#windowAt = offset
      return this.#window.subarray(0, wanted)
    }
    return this.#window.subarray(start, start + wanted)
  }
}
