import { longestTimer } from '../engine/client/option-checks'
import type { DefaultPosition, SourceOptions, StartPosition } from '../engine/source/options'
import { readAssignment } from './assignment-settings'
import { readMoment } from './instant'
import { type MessageOptions, outputs } from './log-to-message'
import type { Node, NodeRed } from './node-red'
import { PropertyReader } from './properties'
import { sourceDefaults } from './source-defaults'

export interface SourceSettings extends MessageOptions {
  /** The engine's options, without those that only the running node has. */
  engine: Omit<SourceOptions, 'client' | 'state' | 'closeTimeout'>
  manual: boolean
  localState: boolean
  /** Events go to a second output. */
  events: boolean
}

type Reader = PropertyReader<typeof sourceDefaults>

/** Reads sls-in's properties; what is wrong is in the second value. */
export function readSourceSettings(RED: NodeRed, node: Node, definition: Readonly<Record<string, unknown>>) {
  const reader = new PropertyReader(definition, sourceDefaults)
  const manual = reader.choice('acknowledge', ['auto', 'manual']) === 'manual'
  if (!manual) reader.setIdle('ackTimeout', 'maxInFlight')
  const ackTimeout = reader.integer('ackTimeout', 0, longestTimer)
  const maxRedeliveries = reader.integer('maxRedeliveries', -1)
  if (maxRedeliveries < 0) reader.setIdle('onPoison')
  const checkpointMode = reader.choice('checkpointMode', ['onCheckpoints', 'periodic', 'disabled'])
  if (checkpointMode !== 'periodic') reader.setIdle('commitInterval')
  const output = reader.choice('output', outputs)
  if (output === 'raw') reader.setIdle('parseJson', 'numbers')
  const position = readPosition(reader)
  if (position.type !== 'checkpoint') reader.setIdle('defaultPosition', 'defaultPositionTime')
  const stopTime = readTime(reader, 'stopTime', false)
  const engine: SourceSettings['engine'] = {
    logstores: readLogstores(reader),
    consumerGroup: reader.text('consumerGroup') || undefined,
    position,
    defaultPosition: readDefaultPosition(reader),
    assignment: readAssignment(RED, node, reader),
    checkpointMode,
    checkpointInterval: reader.integer('checkpointInterval', 10, longestTimer),
    commitInterval: reader.integer('commitInterval', 10, longestTimer),
    ackTimeout: manual ? ackTimeout : 0,
    maxRedeliveries,
    onPoison: reader.choice('onPoison', ['skip', 'stop']),
    onInvalidCursor: reader.choice('onInvalidCursor', ['earliest', 'latest', 'fail']),
    maxInFlight: reader.integer('maxInFlight', 0),
    memoryLimit: reader.integer('memoryLimit', 0),
    maxLogGroups: reader.integer('maxLogGroups', 1, 1000),
    fetchInterval: reader.integer('fetchInterval', 0, longestTimer),
    discoveryInterval: readDiscoveryInterval(reader),
    inOrder: reader.flag('inOrder'),
    stopTime,
    query: reader.verbatim('query').trim() || undefined
  }
  if (position.type === 'checkpoint' && engine.consumerGroup === undefined) {
    reader.report('consumerGroup', 'missing')
  }
  const settings: SourceSettings = {
    engine,
    manual,
    localState: reader.flag('localState'),
    output,
    parseJson: reader.flag('parseJson'),
    numbers: reader.flag('numbers'),
    events: reader.flag('events')
  }
  return { settings, issues: reader.issues }
}

/** One name, names with commas between them, or a regular expression between slashes. */
function readLogstores(reader: Reader): string | readonly string[] | RegExp {
  const text = reader.requiredText('logstores')
  const expression = /^\/(.*)\/([a-z]*)$/s.exec(text)
  if (expression !== null) {
    try {
      return new RegExp(expression[1] ?? '', (expression[2] ?? '').replace(/[gy]/g, ''))
    } catch (error) {
      reader.report('logstores', 'invalid', {
        reason: error instanceof Error ? error.message : String(error)
      })
      return ''
    }
  }
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (text !== '' && names.length === 0) reader.report('logstores', 'missing')
  return names.length === 1 ? (names[0] ?? '') : names
}

/** Milliseconds, 0 for none; less than 10 would flood the service. */
function readDiscoveryInterval(reader: Reader): number {
  const interval = reader.integer('discoveryInterval', 0, longestTimer)
  if (interval > 0 && interval < 10)
    reader.report('discoveryInterval', 'outOfRange', { least: 10, most: longestTimer })
  return interval
}

function readPosition(reader: Reader): StartPosition {
  const type = reader.choice('position', ['begin', 'end', 'checkpoint', 'timestamp'])
  if (type !== 'timestamp') return { type }
  return { type, time: readTime(reader, 'positionTime', true) ?? 0 }
}

function readDefaultPosition(reader: Reader): DefaultPosition {
  const type = reader.choice('defaultPosition', ['begin', 'end', 'timestamp'])
  if (type !== 'timestamp') return { type }
  const time = readTime(reader, 'defaultPositionTime', true)
  return time === undefined ? { type: 'begin' } : { type, time }
}

/** Unix seconds. */
function readTime(
  reader: Reader,
  property: 'positionTime' | 'defaultPositionTime' | 'stopTime',
  required: boolean
): number | undefined {
  const text = required ? reader.requiredText(property) : reader.text(property)
  if (text === '') return undefined
  const instant = readMoment(text, Date.now())
  if (instant === undefined) reader.report(property, 'notTime')
  return instant && (instant.timeNs === undefined ? instant.time : instant.time + instant.timeNs / 1e9)
}
