import type { Logstore } from './logstore'
import type { CallRequest } from './support/calls'
import { accepted, type Reply } from './support/reply'

export interface GroupInfo {
  name: string
  timeout: number
  order: boolean
}

export interface Checkpoint {
  shard: number
  checkpoint: string
  updateTime: number
  consumer?: string
}

export interface CheckpointUpdate {
  shard: number
  checkpoint: string
  consumer?: string
  forceSuccess: boolean | string
}

/** The consumer groups of one logstore. Methods with Reply in their name hand out refusals; the others throw. */
export class ConsumerGroups {
  readonly path: string

  constructor(readonly logstore: Logstore) {
    this.path = `${logstore.path}/consumergroups`
  }

  createReply(name: string, { timeout = 60, order = false } = {}): Promise<Reply> {
    return this.#call({ method: 'POST', json: { consumerGroup: name, timeout, order } })
  }

  async create(name: string, options: { timeout?: number; order?: boolean } = {}): Promise<void> {
    accepted(await this.createReply(name, options))
  }

  updateReply(name: string, json: unknown): Promise<Reply> {
    return this.#call({ method: 'PUT', json }, name)
  }

  deleteReply(name: string): Promise<Reply> {
    return this.#call({ method: 'DELETE' }, name)
  }

  async list(): Promise<GroupInfo[]> {
    return accepted(await this.#call({})).json<GroupInfo[]>()
  }

  async find(name: string): Promise<GroupInfo | undefined> {
    return (await this.list()).find((group) => group.name === name)
  }

  heartbeatReply(name: string, consumer: string, held: unknown): Promise<Reply> {
    return this.#call({ method: 'POST', query: { type: 'heartbeat', consumer }, json: held }, name)
  }

  /** The shards that the consumer shall hold, ascending. */
  async heartbeat(name: string, consumer: string, held: readonly number[] = []): Promise<number[]> {
    const assigned = accepted(await this.heartbeatReply(name, consumer, held)).json<number[]>()
    return assigned.sort((a, b) => a - b)
  }

  updateCheckpointReply(name: string, update: CheckpointUpdate): Promise<Reply> {
    const { shard, checkpoint, consumer = '', forceSuccess } = update
    const query = { type: 'checkpoint', consumer, forceSuccess }
    return this.#call({ method: 'POST', query, json: { shard, checkpoint } }, name)
  }

  async updateCheckpoint(name: string, update: CheckpointUpdate): Promise<void> {
    accepted(await this.updateCheckpointReply(name, update))
  }

  checkpointsReply(name: string, query: CallRequest['query'] = {}): Promise<Reply> {
    return this.#call({ query }, name)
  }

  async checkpoints(name: string, query: CallRequest['query'] = {}): Promise<Checkpoint[]> {
    return accepted(await this.checkpointsReply(name, query)).json<Checkpoint[]>()
  }

  /** Shards that have a checkpoint, with it. */
  async positions(name: string, query: CallRequest['query'] = {}): Promise<Record<number, string>> {
    const set = (await this.checkpoints(name, query)).filter(({ checkpoint }) => checkpoint !== '')
    return Object.fromEntries(set.map(({ shard, checkpoint }) => [shard, checkpoint]))
  }

  #call(call: Omit<CallRequest, 'path'>, name?: string): Promise<Reply> {
    return this.logstore.call({ ...call, path: name === undefined ? this.path : `${this.path}/${name}` })
  }
}
