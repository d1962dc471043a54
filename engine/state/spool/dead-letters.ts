import { parseLogGroup } from '../../client/codec/log-group-list'
import { decompress } from '../../client/compression/compression'
import type { SlsError } from '../../client/errors'
import type { SpoolDisk, SpoolFile } from './disk'
import type { SpoolEntry } from './record'

export const REJECTED_FILE = 'rejected.jsonl'

/** Log groups that the service refused for good, kept for people: a line of JSON each, in one bounded file. */
export class DeadLetters {
  #tail: Promise<unknown> = Promise.resolve()

  /** @param limit bytes of the file; what would exceed it is not kept */
  constructor(
    private readonly disk: SpoolDisk,
    private readonly limit: number
  ) {}

  /** Resolves to false where the log group is not kept: the file is full, or cannot be written. */
  keep(
    entry: Pick<SpoolEntry, 'logstore' | 'hashKey' | 'compression' | 'rawSize' | 'body'>,
    error: SlsError
  ) {
    const kept = this.#tail.then(async () => this.#append(await line(entry, error)))
    const outcome = kept.catch(() => false)
    this.#tail = outcome
    return outcome
  }

  async #append(text: string): Promise<boolean> {
    const size = (await this.disk.list()).find(({ name }) => name === REJECTED_FILE)?.size
    // A newline more, for a line that a crash tore.
    if ((size ?? 0) + 1 + Buffer.byteLength(text) > this.limit) return false
    const file = await (size === undefined ? this.disk.create(REJECTED_FILE) : this.disk.open(REJECTED_FILE))
    try {
      const isTorn = size !== undefined && size > 0 && !(await endsLine(file, size))
      await file.write(Buffer.from(isTorn ? `\n${text}` : text), size ?? 0)
      await file.sync()
    } catch (error) {
      await file.truncate(size ?? 0).catch(() => undefined)
      throw error
    } finally {
      await file.close()
    }
    return true
  }
}

async function endsLine(file: SpoolFile, size: number): Promise<boolean> {
  const last = Buffer.alloc(1)
  await file.read(last, size - 1)
  return last.toString('latin1') === '\n'
}

async function line(
  { logstore, hashKey, compression, rawSize, body }: Parameters<DeadLetters['keep']>[0],
  { code, message, status, requestId, attempts }: SlsError
): Promise<string> {
  const facts = {
    time: new Date().toISOString(),
    code,
    message,
    status,
    requestId,
    attempts,
    logstore,
    hashKey
  }
  try {
    const group = parseLogGroup(await decompress(compression, body, rawSize))
    const { topic, source, tags } = group
    return `${JSON.stringify({ ...facts, topic, source, tags, logs: group.logs() })}\n`
  } catch {
    return `${JSON.stringify({ ...facts, compression, rawSize, body: body.toString('base64') })}\n`
  }
}
