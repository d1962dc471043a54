import { decodeCursor, encodeCursor } from '../client/cursor'
import type { SlsError } from '../client/errors'
import type { CursorPosition } from '../client/model'
import type { PersistentCalls } from './persistent-calls'
import type { SourceClient } from './source-client'

/** Asks for the positions of one shard. */
export class ShardCursors {
  readonly #client: SourceClient
  readonly #calls: PersistentCalls
  readonly #logstore: string
  readonly #shard: number
  readonly #onFailure: (error: SlsError) => void

  constructor(
    client: SourceClient,
    calls: PersistentCalls,
    logstore: string,
    shard: number,
    onFailure: (error: SlsError) => void = () => undefined
  ) {
    this.#client = client
    this.#calls = calls
    this.#logstore = logstore
    this.#shard = shard
    this.#onFailure = onFailure
  }

  /** @throws SlsError `Aborted` when the signal is aborted */
  async at(from: CursorPosition, signal: AbortSignal): Promise<bigint> {
    const site = { api: 'getCursor', logstore: this.#logstore, shard: this.#shard } as const
    const call = async () =>
      decodeCursor(await this.#client.getCursor(this.#logstore, this.#shard, from, signal))
    return this.#calls.run(site, call, signal, { onFailure: this.#onFailure })
  }

  /** Unix seconds: when the log group at a position was received; undefined where one attempt does not tell. */
  async timeOf(position: bigint, signal: AbortSignal): Promise<number | undefined> {
    try {
      return await this.#client.getCursorTime(this.#logstore, this.#shard, encodeCursor(position), signal)
    } catch {
      return undefined
    }
  }
}
