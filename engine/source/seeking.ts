import { SlsError } from '../client/errors'
import { checkedObject, invalid, text, whole } from '../client/option-checks'
import type { SourceContext } from './context'
import { checkedDefault, checkedPosition, type DefaultPosition, type StartPosition } from './options'
import type { ShardReader } from './shard-reader'
import type { ShardSet } from './shard-set'

export interface ShardPlace {
  readonly logstore: string
  readonly shard: number
}

/** Turns the reading of all shards, or of one, to another place while it goes on. */
export class Seeking {
  readonly #context: SourceContext
  readonly #shards: ShardSet
  readonly #begin: () => void
  readonly #signal: AbortSignal

  /**
   * @param begin has reading begin, if it has not yet
   * @param signal ends all waits
   */
  constructor(context: SourceContext, shards: ShardSet, begin: () => void, signal: AbortSignal) {
    this.#context = context
    this.#shards = shards
    this.#begin = begin
    this.#signal = signal
  }

  async seek(position: StartPosition, shard: ShardPlace | undefined): Promise<void> {
    const isEarly = !this.#shards.isListed
    const readers = this.#shards.seek(this.checkSeek(position, shard), shard)
    if (!isEarly) return this.#started(readers)
    await this.#listed()
    await this.#started(this.#shards.readers)
  }

  async replay(from: DefaultPosition, to: DefaultPosition, shard: ShardPlace | undefined): Promise<void> {
    const [begin, end] = this.checkReplay(from, to, shard)
    await this.#listed()
    await this.#started(this.#shards.replay(begin, end, shard))
  }

  async forget(shard: ShardPlace | undefined): Promise<void> {
    this.#assertRead(shard)
    await this.#listed()
    await this.#started(this.#shards.forget(shard))
  }

  checkSeek(position: StartPosition, shard: ShardPlace | undefined): StartPosition {
    const checked = checkedPosition('position', position)
    if (checked.type === 'checkpoint' && this.#context.group === undefined) {
      throw new SlsError('InvalidOption', 'position: there is no consumer group to seek to', {
        field: 'position'
      })
    }
    this.#assertRead(shard)
    return checked
  }

  checkReplay(
    from: DefaultPosition,
    to: DefaultPosition,
    shard: ShardPlace | undefined
  ): readonly [DefaultPosition, DefaultPosition] {
    const begin = checkedDefault('from', from)
    const end = checkedDefault('to', to)
    const isBackward = begin.type === 'timestamp' && end.type === 'timestamp' && begin.time >= end.time
    if (isBackward || begin.type === 'end' || end.type === 'begin') {
      throw new SlsError('InvalidOption', 'to: must lie after from', { field: 'to' })
    }
    this.#assertRead(shard)
    return [begin, end]
  }

  /** The shards of a logstore are known for the first time. */
  async #listed(): Promise<void> {
    this.#begin()
    await this.#context.changed.until(() => this.#shards.isListed, this.#signal)
  }

  async #started(readers: readonly ShardReader[]): Promise<void> {
    const areStarted = () => readers.every(({ isStarted, isDiscarded }) => isStarted || isDiscarded)
    await this.#context.changed.until(areStarted, this.#signal)
  }

  #assertRead(shard: ShardPlace | undefined): void {
    if (shard === undefined) return
    const { logstore, shard: id } = checkedObject('shard', shard)
    text('shard.logstore', logstore)
    whole('shard.shard', id, 0, Number.MAX_SAFE_INTEGER)
    if (!this.#shards.reads(shard)) throw invalid('shard', `shard: ${logstore}/${id} is not read here`)
  }
}
