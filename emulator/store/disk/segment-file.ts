import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writevSync } from 'node:fs'
import type { BodyPlace } from '../stored-group'

/** Of a record: bytes of the body, logs, receive time, each an unsigned 32-bit integer. */
const HEADER = 12

export interface GroupRecord {
  body: Buffer
  logCount: number
  /** Unix seconds. */
  receiveTime: number
}

export interface RestoredRecord {
  size: number
  logCount: number
  receiveTime: number
  place: BodyPlace
}

/** An append-only file of records. A record cut off by a crash is dropped when the file is opened. */
export class SegmentFile {
  readonly #fd: number
  #length: number

  constructor(readonly path: string) {
    this.#fd = openSync(path, 'a+')
    this.#length = fstatSync(this.#fd).size
  }

  /** Bytes. */
  get length(): number {
    return this.#length
  }

  append({ body, logCount, receiveTime }: GroupRecord): BodyPlace {
    const header = Buffer.alloc(HEADER)
    header.writeUInt32LE(body.length, 0)
    header.writeUInt32LE(logCount, 4)
    header.writeUInt32LE(receiveTime, 8)
    const start = this.#length
    const written = writevSync(this.#fd, [header, body])
    if (written !== HEADER + body.length) {
      ftruncateSync(this.#fd, start)
      throw new Error(`${this.path}: wrote ${written} bytes of ${HEADER + body.length}`)
    }
    this.#length += written
    return this.#place(start + HEADER, body.length)
  }

  /** The records from the start on; whatever follows the last whole one is cut off. */
  restore(): RestoredRecord[] {
    const records: RestoredRecord[] = []
    const header = Buffer.alloc(HEADER)
    let offset = 0
    while (offset + HEADER <= this.#length) {
      readSync(this.#fd, header, 0, HEADER, offset)
      const size = header.readUInt32LE(0)
      if (offset + HEADER + size > this.#length) break
      const place = this.#place(offset + HEADER, size)
      records.push({ size, logCount: header.readUInt32LE(4), receiveTime: header.readUInt32LE(8), place })
      offset += HEADER + size
    }
    if (offset < this.#length) ftruncateSync(this.#fd, offset)
    this.#length = offset
    return records
  }

  close(): void {
    closeSync(this.#fd)
  }

  remove(): void {
    this.close()
    unlinkSync(this.path)
  }

  #place(offset: number, size: number): BodyPlace {
    return {
      read: () => {
        const body = Buffer.allocUnsafeSlow(size)
        const read = readSync(this.#fd, body, 0, size, offset)
        if (read !== size) throw new Error(`${this.path}: read ${read} bytes of ${size} at ${offset}`)
        return body
      }
    }
  }
}
