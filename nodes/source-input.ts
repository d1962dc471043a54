import { types } from 'node:util'
import { SlsError } from '../engine/client/errors'
import type { DefaultPosition, SlsSource } from '../engine/source/source'
import type { Acknowledgements, ShardName } from './acknowledgements'
import { describe } from './field-value'
import { readMoment } from './instant'
import type { LogDelivery } from './log-delivery'
import type { NodeMessage, Send } from './node-red'
import { reasonOf } from './unreadable'

export interface SourceInputParts {
  source: SlsSource
  acknowledgements: Acknowledgements
  delivery: LogDelivery
  manual: boolean
  /** Logstores the node reads, where it names just one. */
  logstore: string | undefined
  /** Brings the node's status up to date. */
  show(): void
}

type Position = Parameters<SlsSource['seek']>[0]

/** What comes into sls-in: acknowledgements by `msg.sls`, control by `msg.action`. */
export class SourceInput {
  constructor(private readonly parts: SourceInputParts) {}

  /** Resolves when the message is dealt with. @throws SlsError `InvalidOption` for a message that says nothing. */
  async receive(message: NodeMessage, send: Send): Promise<void> {
    const action = readable('action', () => message['action'])
    if (action === undefined || action === null || action === '') return this.settle(message)
    await this.control(action, message, send)
    this.parts.show()
  }

  private async control(action: unknown, message: NodeMessage, send: Send): Promise<void> {
    const { source } = this.parts
    switch (action) {
      case 'pause':
        return source.pause()
      case 'resume':
        return source.resume()
      case 'checkpoint':
        return source.checkpoint()
      case 'seek':
        return this.seek(message)
      case 'replay':
        return this.replay(message)
      case 'forget':
        return this.forget(message)
      case 'status':
        readable('payload', () => {
          message.payload = source.status()
        })
        return send(message)
      default:
        throw refusal(
          'action',
          `msg.action is ${describe(action)}, not pause, resume, checkpoint, seek, replay, forget or status`
        )
    }
  }

  /** All of an array is looked at before any of it counts, so that a message that is refused changed nothing. */
  private settle(message: NodeMessage): void {
    const received = readable('sls', () => identitiesOf(message.sls))
    if (!this.parts.manual) return
    const error = readable('error', () => message.error)
    const isFailed = error !== undefined && error !== null
    for (const { place, index, count, nack } of received) {
      if (nack ?? isFailed) this.parts.acknowledgements.refuse(place, index, error)
      else this.parts.acknowledgements.acknowledge(place, index, count)
    }
  }

  private async seek(message: NodeMessage): Promise<void> {
    const position = readable('position', () => readPosition(message['position'], message['positionTime']))
    const shard = this.readShard(message)
    this.parts.source.checkSeek(position, shard)
    await this.turn(shard, () => this.parts.source.seek(position, shard))
  }

  private async replay(message: NodeMessage): Promise<void> {
    const from = readable('from', () => readRangeEnd('from', message['from']))
    const to = readable('to', () => readRangeEnd('to', message['to'] ?? 'end'))
    const shard = this.readShard(message)
    this.parts.source.checkReplay(from, to, shard)
    await this.turn(shard, () => this.parts.source.replay(from, to, shard))
  }

  private async forget(message: NodeMessage): Promise<void> {
    const shard = this.readShard(message)
    await this.turn(shard, () => this.parts.source.forget(shard))
  }

  /** Lets go of what is with the flow, and reads elsewhere. */
  private async turn(shard: ShardName | undefined, read: () => Promise<void>): Promise<void> {
    const { delivery, acknowledgements } = this.parts
    const interrupted = delivery.interrupt(shard)
    acknowledgements.clear(shard)
    await Promise.all([interrupted, read()])
  }

  private readShard(message: NodeMessage): ShardName | undefined {
    return readable('shard', () => this.shardOf(message['shard']))
  }

  private shardOf(value: unknown): ShardName | undefined {
    if (value === undefined || value === null || value === '') return undefined
    const { logstore, shard } =
      typeof value === 'object'
        ? { logstore: undefined, shard: undefined, ...value }
        : { logstore: undefined, shard: value }
    const name = logstore ?? this.parts.logstore
    const isNumber = typeof shard === 'number' || typeof shard === 'bigint'
    const number = isNumber || (typeof shard === 'string' && /^\d+$/.test(shard)) ? Number(shard) : Number.NaN
    if (typeof name !== 'string') throw refusal('shard', 'msg.shard needs a logstore: {logstore, shard}')
    if (!Number.isInteger(number) || number < 0) {
      throw refusal('shard', 'msg.shard is not the number of a shard')
    }
    return { logstore: name, shard: number }
  }
}

function refusal(field: string, text: string): SlsError {
  return new SlsError('InvalidOption', text, { field })
}

/** What a part of the message says; getters and proxies of it may throw anything. */
function readable<Value>(field: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (types.isNativeError(error) && error instanceof SlsError) throw error
    throw refusal(field, `msg.${field} cannot be read: ${reasonOf(error)}`)
  }
}

interface Identity {
  place: string
  index: number
  count: number | undefined
  nack: boolean | undefined
}

function identitiesOf(sls: unknown): Identity[] {
  if (!Array.isArray(sls)) return [identityOf(sls, 'sls')]
  return sls.map((element: unknown, index) => identityOf(element, `sls[${index}]`))
}

function identityOf(sls: unknown, field: string): Identity {
  if (typeof sls !== 'object' || sls === null) {
    if (field === 'sls') throw refusal(field, 'The message has neither msg.sls to acknowledge nor msg.action')
    throw refusal(field, `msg.${field} is no msg.sls of a message: nothing of the message is acknowledged`)
  }
  const { project, logstore, shard, cursor, index, count, nack } = sls as Record<string, unknown>
  const named = [project, logstore, cursor].every((part) => typeof part === 'string')
  if (!named || typeof shard !== 'number' || typeof index !== 'number') {
    throw refusal(
      field,
      `msg.${field} lacks project, logstore, shard, cursor or index: nothing of the message is acknowledged`
    )
  }
  if (nack !== undefined && nack !== null && typeof nack !== 'boolean') {
    const what = `is ${describe(nack)}, not true or false`
    throw refusal(field, `msg.${field}.nack ${what}: nothing of the message is acknowledged`)
  }
  return {
    place: `${project}/${logstore}/${shard}/${cursor}`,
    index,
    count: typeof count === 'number' ? count : undefined,
    nack: nack ?? undefined
  }
}

/** @param named the time of the position `timestamp` where it stands beside it */
function readPosition(value: unknown, named: unknown): Position {
  const { type, time } =
    typeof value === 'object' && value !== null && !types.isDate(value)
      ? { type: undefined, time: undefined, ...value }
      : { type: isName(value) ? value : 'timestamp', time: value === 'timestamp' ? named : value }
  if (isName(type)) return { type }
  const instant = type === 'timestamp' ? readMoment(time, Date.now()) : undefined
  if (instant === undefined) {
    throw refusal('position', 'msg.position is neither begin, end, checkpoint nor a time')
  }
  return { type: 'timestamp', time: instant.time }
}

function isName(value: unknown): value is 'begin' | 'end' | 'checkpoint' {
  return value === 'begin' || value === 'end' || value === 'checkpoint'
}

function readRangeEnd(field: 'from' | 'to', value: unknown): DefaultPosition {
  if (value === 'begin' || value === 'end') return { type: value }
  const instant = readMoment(value, Date.now())
  if (instant === undefined) throw refusal(field, `msg.${field} is neither begin, end nor a time`)
  return { type: 'timestamp', time: instant.time }
}
