import type { Shard } from '../client/model'
import type { ShardAssigner } from './assignment'
import type { SourceEmitter } from './events'
import { GroupMember, type GroupMemberParts } from './group-member'

/** What the rest of the source does for the members. */
export interface MembershipHost {
  /** A heartbeat was answered; `isChanged` where other shards are to be read now. */
  beaten(logstore: string, isChanged: boolean): void
  /** See GroupMemberHost. */
  handOver(logstore: string, shard: number, signal: AbortSignal): Promise<void>
  lacking(logstore: string): Promise<number[]>
  restore(logstore: string, shards: readonly number[], signal: AbortSignal): Promise<void>
}

/** The service's consumer groups decide: this source is a member of the group of each logstore that it reads. */
export class GroupMembership implements ShardAssigner {
  readonly description: string
  readonly isShared = true
  readonly #parts: GroupMemberParts
  readonly #emitter: SourceEmitter
  readonly #host: MembershipHost
  readonly #members = new Map<string, GroupMember>()
  #isOver: boolean = false

  constructor(parts: GroupMemberParts, emitter: SourceEmitter, host: MembershipHost) {
    this.description = `group ${parts.group.name}`
    this.#parts = parts
    this.#emitter = emitter
    this.#host = host
  }

  get consumer(): string {
    return this.#parts.settings.consumer
  }

  /** Joins the logstore's group, if that was not done before. */
  async prepare(logstore: string): Promise<void> {
    if (this.#isOver || this.#members.has(logstore)) return
    const member: GroupMember = new GroupMember(logstore, this.#parts, {
      beaten: (isChanged) => this.#host.beaten(logstore, isChanged),
      handOver: (shard, signal) => this.#host.handOver(logstore, shard, signal),
      lacking: () => this.#host.lacking(logstore),
      restore: (shards, signal) => this.#host.restore(logstore, shards, signal),
      lost: (shards, reason) => {
        this.#emitter.emit('lost', { logstore, shards, reason })
        this.#host.beaten(logstore, true)
      }
    })
    this.#members.set(logstore, member)
    member.start()
  }

  isReady(logstore: string): boolean {
    return this.#members.get(logstore)?.isJoined === true
  }

  isSettled(logstore: string): boolean {
    return this.#members.get(logstore)?.isSettled === true
  }

  owns(logstore: string, { shardId }: Shard): boolean {
    return this.#members.get(logstore)?.holds(shardId) === true
  }

  held(logstore: string): number[] {
    return this.#members.get(logstore)?.held ?? []
  }

  absent(logstore: string): void {
    this.#members.get(logstore)?.end()
    this.#members.delete(logstore)
  }

  /** Shards were born that wait for their parents to be read. */
  hasten(logstore: string): void {
    this.#members.get(logstore)?.hasten()
  }

  /** Something was committed or finished that the service may be waiting for. */
  beat(logstore: string): void {
    this.#members.get(logstore)?.beat()
  }

  /** A commit was refused: another member has the shard, or has all of them. */
  refused(logstore: string, shard: number, isForgotten: boolean): void {
    const member = this.#members.get(logstore)
    if (isForgotten) member?.forfeit(member.held, 'unknown')
    else member?.forfeit([shard], 'refused')
  }

  /** Gives all shards free. Never rejects. */
  async leave(signal: AbortSignal): Promise<void> {
    this.#isOver = true
    await Promise.all([...this.#members.values()].map((member) => member.leave(signal)))
  }
}
