import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BodyPlace } from '../stored-group'
import { type GroupRecord, type RestoredRecord, SegmentFile } from './segment-file'

/** Bytes after which the next file is begun. */
const SEGMENT_SIZE = 64 * 1024 * 1024

interface Segment {
  firstCursor: bigint
  file: SegmentFile
}

/** The groups of one shard on disk: a folder of files, each named after its first cursor. */
export class ShardJournal {
  #segments: Segment[] = []

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true })
  }

  append(cursor: bigint, record: GroupRecord): BodyPlace {
    const last = this.#segments.at(-1)
    const file = last !== undefined && last.file.length < SEGMENT_SIZE ? last.file : this.#begin(cursor)
    return file.append(record)
  }

  /** What an earlier run left; `firstCursor` where it left nothing. */
  load(firstCursor: bigint): { firstCursor: bigint; records: RestoredRecord[] } {
    const cursors = readdirSync(this.folder)
      .flatMap((name) => /^(\d+)\.log$/.exec(name)?.slice(1) ?? [])
      .map(BigInt)
      .sort((a, b) => (a < b ? -1 : 1))
    this.#segments = []
    const records = cursors.flatMap((cursor) => this.#begin(cursor).restore())
    return { firstCursor: cursors[0] ?? firstCursor, records }
  }

  /** Removes the files whose groups all lie before a cursor. */
  dropBefore(cursor: bigint): void {
    for (;;) {
      const [first, second] = this.#segments
      if (first === undefined || second === undefined || second.firstCursor > cursor) return
      first.file.remove()
      this.#segments.shift()
    }
  }

  close(): void {
    for (const { file } of this.#segments) file.close()
    this.#segments = []
  }

  remove(): void {
    this.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #begin(firstCursor: bigint): SegmentFile {
    const file = new SegmentFile(join(this.folder, `${firstCursor}.log`))
    this.#segments.push({ firstCursor, file })
    return file
  }
}
