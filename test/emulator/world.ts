import path from 'node:path'
import protobuf from 'protobufjs'
import { type EmulatorOptions, SlsEmulator } from '../../emulator'
import { decompress } from '../../engine/client/compression/compression'
import type { CompressionName } from '../../engine/client/model'
import { type RawAnswer, RawClient, type RawRequest } from './raw-client'

export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0)
export const NOW_SECONDS = NOW / 1000

export interface PlainLog {
  Time: number
  Contents: { Key: string; Value: string }[]
  TimeNs?: number
}

export interface PlainGroup {
  Logs: PlainLog[]
  Topic?: string
  Source?: string
  LogTags?: { Key: string; Value: string }[]
}

export interface Pulled {
  answer: RawAnswer
  groups: PlainGroup[]
  next: string
}

/** An emulator with a clock of its own and a client beside it, one for each test. */
export class World {
  now = NOW
  #emulator: SlsEmulator | undefined
  #client: RawClient | undefined

  constructor(private readonly options: EmulatorOptions = {}) {
    beforeEach(() => {
      this.now = NOW
      return this.start()
    })
    afterEach(() => this.stop())
  }

  get emulator(): SlsEmulator {
    if (this.#emulator === undefined) throw new Error('not started')
    return this.#emulator
  }

  get client(): RawClient {
    if (this.#client === undefined) throw new Error('not started')
    return this.#client
  }

  async start(options: EmulatorOptions = {}): Promise<void> {
    this.#emulator = await SlsEmulator.start({
      clock: () => this.now,
      quiet: true,
      ...this.options,
      ...options
    })
    this.#client = new RawClient(this.#emulator, () => this.now)
  }

  async stop(): Promise<void> {
    this.#client?.close()
    await this.#emulator?.close()
  }

  /** Lets the clock run. */
  pass(seconds: number): void {
    this.now += seconds * 1000
  }

  put(
    group: PlainGroup | Buffer,
    where: { logstore?: string; target?: string; headers?: Record<string, string>; now?: number } = {}
  ) {
    const { logstore = 'access', target = `/logstores/${logstore}/shards/lb`, headers = {}, ...rest } = where
    const body = Buffer.isBuffer(group) ? group : encodeGroup(group)
    return this.client.send({
      ...rest,
      method: 'POST',
      target,
      headers: {
        'content-type': 'application/x-protobuf',
        'x-log-bodyrawsize': String(body.length),
        ...headers
      },
      body
    })
  }

  /** Writes one group of one log to the shard that begins the hash space, and so on; see `put`. */
  putText(text: string, hashKey: string, logstore = 'access') {
    return this.put(groupOf(text), { target: `/logstores/${logstore}/shards/route?key=${hashKey}` })
  }

  async cursor(shard: number, from: string | number, logstore = 'access'): Promise<string> {
    const target = `/logstores/${logstore}/shards/${shard}?type=cursor&from=${from}`
    return (await this.client.json<{ cursor: string }>({ target })).cursor
  }

  async pull(
    shard: number,
    cursor: string,
    more: { parameters?: string; headers?: Record<string, string>; logstore?: string } = {}
  ): Promise<Pulled> {
    const { parameters = 'count=1000', headers = {}, logstore = 'access' } = more
    const target = `/logstores/${logstore}/shards/${shard}?type=log&cursor=${encodeURIComponent(cursor)}&${parameters}`
    const answer = await this.client.send({ target, headers: { 'accept-encoding': 'lz4', ...headers } })
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString()}`)
    return { answer, groups: await decodeGroups(answer), next: String(answer.headers['x-log-cursor']) }
  }

  /** Values of every log in a shard, in order. */
  async texts(shard: number, logstore = 'access'): Promise<string[]> {
    const { groups } = await this.pull(shard, await this.cursor(shard, 'begin', logstore), { logstore })
    return groups.flatMap(({ Logs }) => Logs.map(({ Contents }) => Contents[0]?.Value ?? ''))
  }

  post(target: string, value: unknown, method = 'POST'): Promise<RawAnswer> {
    return this.client.send(jsonRequest(target, value, method))
  }

  refused(target: string, value?: unknown, method = value === undefined ? 'GET' : 'POST'): Promise<string> {
    return this.client.refusal(value === undefined ? { target, method } : jsonRequest(target, value, method))
  }
}

export function jsonRequest(target: string, value: unknown, method = 'POST'): RawRequest {
  return { method, target, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

export function groupOf(text: string, time = NOW_SECONDS): PlainGroup {
  return { Logs: [{ Time: time, Contents: [{ Key: 'text', Value: text }] }] }
}

/** A hash key that lies at a fraction of the hash space, 0..1. */
export function keyAt(fraction: number): string {
  return ((BigInt(Math.floor(fraction * 2 ** 32)) << 96n) & ((1n << 128n) - 1n))
    .toString(16)
    .padStart(32, '0')
}

const schema = protobuf.loadSync(path.resolve('test/fixtures/sls.proto'))
const groupType = schema.lookupType('sls.LogGroup')
const listType = schema.lookupType('sls.LogGroupList')

export function encodeGroup(group: PlainGroup): Buffer {
  return Buffer.from(groupType.encode(groupType.create(group)).finish())
}

/** The groups of a pull's answer. */
export async function decodeGroups({ body, headers }: RawAnswer): Promise<PlainGroup[]> {
  const type = String(headers['x-log-compresstype'] ?? 'none')
  const rawSize = Number(headers['x-log-bodyrawsize'])
  const raw = await decompress((type === 'gzip' ? 'deflate' : type) as CompressionName, body, rawSize)
  return (listType.toObject(listType.decode(raw)) as { logGroupList?: PlainGroup[] }).logGroupList ?? []
}
