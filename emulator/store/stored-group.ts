import type { Shard } from './shard'

/** Where a group's body stands outside memory. */
export interface BodyPlace {
  read(): Buffer
}

/** An encoded LogGroup as it was accepted. */
export class StoredGroup {
  /** False once it has expired. */
  live = true
  #body: Buffer | undefined

  constructor(
    readonly shard: Shard,
    body: Buffer | undefined,
    /** Bytes of the body. */
    readonly size: number,
    readonly logCount: number,
    /** Unix seconds at which the service took it; never falls within a shard. */
    readonly receiveTime: number,
    private readonly place?: BodyPlace | undefined
  ) {
    this.#body = body
  }

  get isInMemory(): boolean {
    return this.#body !== undefined
  }

  body(): Buffer {
    const body = this.#body ?? this.place?.read()
    if (body === undefined) throw new Error('the group has expired')
    return body
  }

  /** Frees the memory; false where the body stands nowhere else. */
  evict(): boolean {
    if (this.place === undefined) return false
    this.#body = undefined
    return true
  }

  expire(): void {
    this.live = false
    this.#body = undefined
  }
}
