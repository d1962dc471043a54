import { isResourceName, longestTimer } from '../engine/client/option-checks'
import { isBucketCount } from '../engine/sink/hash-key'
import type { OverflowName, SinkOptions } from '../engine/sink/options'
import type { BufferText } from './field-value'
import type { Node, NodeRed } from './node-red'
import { PropertyReader } from './properties'
import { spoolFolder } from './spool-folder'
import { type TypedValue, typedValue } from './typed-value'

/** The properties of sls-out, as the editor presents them. */
export const sinkDefaults = {
  name: '',
  config: '',
  logstore: '',
  overrideLogstore: false,
  content: 'payload',
  contentType: 'msg',
  bufferEncoding: 'utf8',
  time: '',
  timeType: 'now',
  topic: '',
  topicType: 'str',
  source: '',
  sourceType: 'str',
  tags: '',
  tagsType: 'json',
  hashKey: 'none',
  hashKeyValue: '',
  hashKeyValueType: 'msg',
  adjustShardHash: true,
  buckets: 64,
  flushInterval: 3000,
  maxLines: 2000,
  maxBytes: 5_242_880,
  totalBytes: 104_857_600,
  concurrency: '',
  adaptiveConcurrency: true,
  ordered: false,
  compression: 'lz4',
  overflow: 'wait',
  maxBlock: 60_000,
  spool: 'off',
  spoolBytes: 1_073_741_824,
  spoolPath: '',
  spoolMaxAge: 0,
  timeRepair: 'keep',
  dryRun: false,
  maxRetryAge: 0,
  maxRetries: '',
  maxRetriesRetryable: '',
  baseRetryBackoff: '',
  maxRetryBackoff: ''
} as const

/** How a message becomes logs and where they go. */
export interface Mapping {
  /** The logstore of the node; empty where the message has to name it. */
  logstore: string
  /** True where `msg.logstore` is followed. */
  fromMessage: boolean
  content: TypedValue
  /** How the content is called in errors. */
  contentName: string
  bytes: BufferText
  /** Undefined: the log's own time, else the present. */
  time: TypedValue | undefined
  topic: TypedValue | undefined
  source: TypedValue | undefined
  tags: TypedValue | undefined
  hashKey: { kind: 'md5' | 'explicit'; value: TypedValue } | undefined
  /** Nothing but the content and the logstore depends on the message. */
  isPlain: boolean
}

export interface SinkNodeSettings {
  /** The engine's options, without the client. */
  engine: Omit<SinkOptions, 'client'>
  mapping: Mapping
}

type Reader = PropertyReader<typeof sinkDefaults>
type TypedProperty = 'content' | 'time' | 'topic' | 'source' | 'tags' | 'hashKeyValue'

/** Reads sls-out's properties; what is wrong is in `issues`. */
export function readSinkSettings(RED: NodeRed, node: Node, definition: Readonly<Record<string, unknown>>) {
  const reader = new PropertyReader(definition, sinkDefaults)
  const logstore = reader.text('logstore')
  if (logstore !== '' && !isResourceName(logstore)) reader.report('logstore', 'notName')
  const hashKey = reader.choice('hashKey', ['none', 'md5', 'explicit'])
  if (hashKey === 'none') reader.setIdle('adjustShardHash')
  const adjustShardHash = reader.flag('adjustShardHash')
  const engine: SinkNodeSettings['engine'] = {
    logstore: logstore || undefined,
    adjustShardHash,
    buckets: hashKey !== 'none' && adjustShardHash ? readBuckets(reader) : sinkDefaults.buckets,
    flushInterval: reader.integer('flushInterval', 0, longestTimer),
    maxLines: reader.integer('maxLines', 1, 40_960),
    maxBytes: reader.integer('maxBytes', 1, 10_485_760),
    totalBytes: reader.integer('totalBytes', 1),
    concurrency: reader.optionalInteger('concurrency', 1, 1024),
    adaptiveConcurrency: reader.flag('adaptiveConcurrency'),
    ordered: reader.flag('ordered'),
    compression: reader.choice('compression', ['lz4', 'zstd', 'deflate', 'none']),
    timeRepair: reader.choice('timeRepair', ['keep', 'rewrite', 'reject']),
    dryRun: reader.flag('dryRun'),
    maxRetryAge: reader.integer('maxRetryAge', 0),
    retry: {
      ...present('maxRetries', reader.optionalInteger('maxRetries', -1, longestTimer)),
      ...present('maxRetriesRetryable', reader.optionalInteger('maxRetriesRetryable', -1, longestTimer)),
      ...present('baseRetryBackoff', reader.optionalInteger('baseRetryBackoff', 0, longestTimer)),
      ...present('maxRetryBackoff', reader.optionalInteger('maxRetryBackoff', 0, longestTimer))
    }
  }
  Object.assign(engine, readSpool(RED, node, reader))
  const mapping = readMapping(RED, node, reader, logstore, hashKey)
  const settings: SinkNodeSettings = { engine, mapping }
  return { settings, issues: reader.issues }
}

function readBuckets(reader: Reader): number {
  const buckets = reader.integer('buckets', 1, 512)
  if (!isBucketCount(buckets)) reader.report('buckets', 'notPowerOfTwo')
  return buckets
}

type OverflowOptions = Pick<SinkOptions, 'overflow' | 'maxBlock'>

function readOverflow(reader: Reader, choices: readonly OverflowName[]): OverflowOptions {
  const overflow = reader.choice('overflow', choices)
  if (overflow !== 'wait' && overflow !== 'spool') reader.setIdle('maxBlock')
  return { overflow, maxBlock: reader.integer('maxBlock', -1, longestTimer) }
}

type SpoolOptions = OverflowOptions & Pick<SinkOptions, 'spool' | 'spoolBytes' | 'spoolMaxAge' | 'spoolPath'>

function readSpool(RED: NodeRed, node: Node, reader: Reader): SpoolOptions {
  const spool = reader.choice('spool', ['off', 'overflow', 'always'])
  if (spool === 'off') return { spool, ...readOverflow(reader, ['wait', 'reject', 'dropOldest']) }
  const spoolPath = spoolFolder(RED.settings.userDir, reader.text('spoolPath'), node.id)
  if (spoolPath === undefined) reader.report('spoolPath', 'missing')
  return {
    spool,
    ...readOverflow(reader, ['wait', 'reject', 'dropOldest', 'spool']),
    spoolBytes: reader.integer('spoolBytes', 65_536),
    spoolMaxAge: reader.integer('spoolMaxAge', 0, longestTimer),
    spoolPath
  }
}

function present<Name extends string>(name: Name, value: number | undefined): { [key in Name]?: number } {
  return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: number }
}

function readMapping(
  RED: NodeRed,
  node: Node,
  reader: Reader,
  logstore: string,
  hashKey: 'none' | 'md5' | 'explicit'
): Mapping {
  const kindOf = (property: TypedProperty) =>
    reader.text(`${property}Type`) || sinkDefaults[`${property}Type`]
  const typed = (property: TypedProperty): TypedValue => {
    const value = reader.verbatim(property)
    try {
      return typedValue(RED, node, value, kindOf(property))
    } catch (error) {
      reader.report(property, 'invalid', { reason: error instanceof Error ? error.message : String(error) })
      return () => undefined
    }
  }
  const isBlank = (property: TypedProperty) => reader.verbatim(property).trim() === ''
  const optional = (property: TypedProperty) => (isBlank(property) ? undefined : typed(property))
  if (hashKey !== 'none' && isBlank('hashKeyValue')) reader.report('hashKeyValue', 'missing')
  const mapping = {
    logstore,
    fromMessage: logstore === '' || reader.flag('overrideLogstore'),
    content: typed('content'),
    contentName: kindOf('content') === 'msg' ? `msg.${reader.verbatim('content')}` : 'content',
    bytes: reader.choice('bufferEncoding', ['utf8', 'base64']),
    time: isBlank('time') || kindOf('time') === 'now' ? undefined : typed('time'),
    topic: optional('topic'),
    source: optional('source'),
    tags: optional('tags'),
    hashKey: hashKey === 'none' ? undefined : { kind: hashKey, value: typed('hashKeyValue') }
  } satisfies Omit<Mapping, 'isPlain'>
  const { time, topic, source, tags } = mapping
  const chosen = [time, topic, source, tags, mapping.hashKey]
  return { ...mapping, isPlain: chosen.every((value) => value === undefined) }
}
