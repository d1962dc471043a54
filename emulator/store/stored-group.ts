import { type GroupBody, rawOf } from '../wire/group-body'
import { Lz4Body } from '../wire/lz4-body'

/** Where a group's body stands outside memory. */
export interface BodyPlace {
  read(): Buffer
}

/** The shard that holds a group. */
interface GroupShard {
  expireOldest(): void
}

/** A LogGroup as it was accepted. */
export class StoredGroup {
  /** False once it has expired. */
  live = true
  #body: GroupBody | undefined

  constructor(
    readonly shard: GroupShard,
    body: GroupBody | undefined,
    /** Bytes of the encoded group. */
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

  /** Bytes that it takes in memory. */
  get heldSize(): number {
    return this.#body instanceof Lz4Body ? this.#body.block.length : (this.#body?.length ?? 0)
  }

  /** The encoded group, or its LZ4 block where it is kept in one. */
  stored(): GroupBody {
    const body = this.#body ?? this.place?.read()
    if (body === undefined) throw new Error('the group has expired')
    return body
  }

  /** The encoded group. */
  body(): Buffer {
    return rawOf(this.stored())
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
