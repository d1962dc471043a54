import assert from 'node:assert/strict'
import { type Call, type CallRequest, now } from './support/calls'
import { type Compression, compress } from './support/compression'
import { eventually } from './support/eventually'
import { decodeLogGroupList, encodeLogGroup, type LogGroup } from './support/log-groups'
import { accepted, type Reply } from './support/reply'

export interface PutOptions {
  /** Hash key: the write goes to `/shards/route`. */
  key?: string
  compression?: Compression
  headers?: CallRequest['headers']
  query?: CallRequest['query']
}

export interface Shard {
  shardID: number
  status: string
  inclusiveBeginKey: string
  exclusiveEndKey: string
  createTime: number
}

export interface PullOptions {
  count?: number
  endCursor?: string
  query?: CallRequest['query']
  headers?: CallRequest['headers']
  method?: string
}

export interface Pulled {
  reply: Reply
  groups: LogGroup[]
  next: string
}

/** The end of each shard at some moment, by shard id. */
export type Ends = ReadonlyMap<number, string>

export interface Received {
  shard: number
  group: LogGroup
}

/** A log group of one log, `text` being its only field. */
export function logGroup(text: string, time = now()): LogGroup {
  return { topic: '', source: '', tags: [], logs: [{ time, contents: [['text', text]] }] }
}

/** First values of all logs, in order. */
export function textsOf(groups: readonly LogGroup[]): string[] {
  return groups.flatMap(({ logs }) => logs.map(({ contents }) => contents[0]?.[1] ?? ''))
}

/** What a cursor stands for; throws for one that is not the base64 of a decimal number. */
export function positionOf(cursor: string): bigint {
  const text = Buffer.from(cursor, 'base64').toString('latin1')
  assert.match(text, /^\d+$/, `cursor ${cursor} holds a decimal number`)
  return BigInt(text)
}

export function cursorAt(position: bigint): string {
  return Buffer.from(String(position)).toString('base64')
}

/** A logstore of the tests. Methods with Reply in their name hand out refusals; the others throw. */
export class Logstore {
  readonly path: string

  constructor(
    readonly call: Call,
    readonly name: string
  ) {
    this.path = `/logstores/${name}`
  }

  putReply(group: LogGroup, options: PutOptions = {}): Promise<Reply> {
    return this.putBodyReply(encodeLogGroup(group), options)
  }

  /** Writes bytes that stand for a log group, right or wrong. */
  putBodyReply(raw: Buffer, { key, compression, headers, query }: PutOptions = {}): Promise<Reply> {
    return this.call({
      method: 'POST',
      path: `${this.path}/shards/${key === undefined ? 'lb' : 'route'}`,
      query: { ...(key === undefined ? {} : { key }), ...query },
      headers: {
        'content-type': 'application/x-protobuf',
        'x-log-bodyrawsize': String(raw.length),
        ...(compression === undefined ? {} : { 'x-log-compresstype': compression }),
        ...headers
      },
      body: compression === undefined ? raw : compress(compression, raw)
    })
  }

  async put(group: LogGroup | string, options: PutOptions = {}): Promise<void> {
    accepted(await this.putReply(typeof group === 'string' ? logGroup(group) : group, options))
  }

  /** Writes one group after the other. */
  async putAll(texts: readonly string[], options: PutOptions = {}): Promise<void> {
    for (const text of texts) await this.put(text, options)
  }

  cursorReply(shard: number | string, from: string | number): Promise<Reply> {
    return this.call({ path: `${this.path}/shards/${shard}`, query: { type: 'cursor', from } })
  }

  async cursor(shard: number, from: string | number): Promise<string> {
    return accepted(await this.cursorReply(shard, from)).json<{ cursor: string }>().cursor
  }

  cursorTimeReply(shard: number | string, cursor: string): Promise<Reply> {
    return this.call({ path: `${this.path}/shards/${shard}`, query: { type: 'cursor_time', cursor } })
  }

  /** Unix seconds. */
  async cursorTime(shard: number, cursor: string): Promise<number> {
    const { cursor_time: time } = accepted(await this.cursorTimeReply(shard, cursor)).json<{
      cursor_time: number | string
    }>()
    return Number(time)
  }

  pullReply(shard: number | string, cursor: string, options: PullOptions = {}): Promise<Reply> {
    const { count = 1000, endCursor, query, headers, method = 'GET' } = options
    return this.call({
      method,
      path: `${this.path}/shards/${shard}`,
      query: {
        type: 'log',
        cursor,
        count,
        ...(endCursor === undefined ? {} : { end_cursor: endCursor }),
        ...query
      },
      headers: { accept: 'application/x-protobuf', 'accept-encoding': 'lz4', ...headers }
    })
  }

  async pull(shard: number, cursor: string, options: PullOptions = {}): Promise<Pulled> {
    const reply = accepted(await this.pullReply(shard, cursor, options))
    const groups = decodeLogGroupList(reply.raw)
    assert.equal(
      reply.header('x-log-count'),
      String(groups.length),
      'x-log-count tells the groups of the body'
    )
    assert.equal(reply.header('x-log-bodyrawsize'), String(reply.raw.length), 'the raw size is the body’s')
    return { reply, groups, next: reply.header('x-log-cursor') ?? '' }
  }

  /** Waits for `count` groups behind a cursor, and sees that there are no more. */
  async read(shard: number, cursor: string, count: number): Promise<LogGroup[]> {
    const groups: LogGroup[] = []
    let at = cursor
    const pullOn = async (): Promise<void> => {
      const pulled = await this.pull(shard, at)
      groups.push(...pulled.groups)
      at = pulled.next
      assert.ok(groups.length >= count, `${groups.length} of ${count} groups are readable`)
    }
    await eventually(pullOn)
    await pullOn()
    assert.equal(groups.length, count, `no more than ${count} groups are readable`)
    return groups
  }

  /** Where each shard ends now. */
  async ends(): Promise<Ends> {
    const ends = new Map<number, string>()
    for (const { shardID } of await this.shards()) ends.set(shardID, await this.cursor(shardID, 'end'))
    return ends
  }

  /** Waits for the `count` groups that were written since; no more may come. */
  async since(ends: Ends, count: number): Promise<Received[]> {
    const at = new Map(ends)
    const received: Received[] = []
    const pullOn = async (): Promise<void> => {
      for (const { shardID: shard } of await this.shards()) {
        const pulled = await this.pull(shard, at.get(shard) ?? (await this.cursor(shard, 'begin')))
        received.push(...pulled.groups.map((group) => ({ shard, group })))
        at.set(shard, pulled.next)
      }
      assert.ok(received.length >= count, `${received.length} of ${count} groups are readable`)
    }
    await eventually(pullOn)
    await pullOn()
    assert.equal(received.length, count, `no more than ${count} groups are readable`)
    return received
  }

  /** Writes one group and waits for it where it landed. */
  async received(group: LogGroup, options: PutOptions = {}): Promise<Received> {
    const ends = await this.ends()
    await this.put(group, options)
    const [received] = await this.since(ends, 1)
    assert.ok(received)
    return received
  }

  /** In ascending order of their ids. */
  async shards(): Promise<Shard[]> {
    const shards = accepted(await this.call({ path: `${this.path}/shards` })).json<Shard[]>()
    return shards.sort((a, b) => a.shardID - b.shardID)
  }

  /** Waits until the logstore has so many shards that take writes. */
  shardsOnceWritable(count: number): Promise<Shard[]> {
    return eventually(async () => {
      const shards = await this.shards()
      assert.equal(shards.filter(({ status }) => status === 'readwrite').length, count)
      return shards
    })
  }

  splitReply(shard: number | string, query: CallRequest['query']): Promise<Reply> {
    const action = { action: 'split', ...query }
    return this.call({ method: 'POST', path: `${this.path}/shards/${shard}`, query: action })
  }

  async split(shard: number, key: string): Promise<Shard[]> {
    return accepted(await this.splitReply(shard, { key })).json<Shard[]>()
  }

  mergeReply(shard: number | string): Promise<Reply> {
    const query = { action: 'merge' }
    return this.call({ method: 'POST', path: `${this.path}/shards/${shard}`, query })
  }

  async merge(shard: number): Promise<Shard[]> {
    return accepted(await this.mergeReply(shard)).json<Shard[]>()
  }

  /** Waits until the logstore can be read in every shard, and written. */
  async known(shardCount: number): Promise<void> {
    for (let shard = 0; shard < shardCount; shard++) await eventually(() => this.cursor(shard, 'end'))
    await eventually(async () => {
      const reply = await this.putBodyReply(Buffer.from('not a log group'))
      assert.equal(reply.status, 400, `writes are not possible yet: ${reply}`)
    })
  }
}
