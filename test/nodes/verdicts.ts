import path from 'node:path'
import { SlsClient } from '../../engine/client/client'
import { SlsError } from '../../engine/client/errors'
import { SlsSink } from '../../engine/sink/sink'
import { SlsSource } from '../../engine/source/source'
import { connectionCredentials, connectionDefaults, readConnection } from '../../nodes/connection-settings'
import type { Node, NodeRed } from '../../nodes/node-red'
import { readSinkSettings, sinkDefaults } from '../../nodes/sink-settings'
import { sourceDefaults } from '../../nodes/source-defaults'
import { readSourceSettings } from '../../nodes/source-settings'
import { runs } from '../support/counts'
import { type NodeType, nodeRedUtil } from './editor-definitions'

type Properties = Readonly<Record<string, unknown>>

export const runtimeDefaults: Readonly<Record<NodeType, Properties>> = {
  'sls-config': connectionDefaults,
  'sls-in': sourceDefaults,
  'sls-out': sinkDefaults
}

const client = {
  endpoint: 'cn-hangzhou.log.aliyuncs.com',
  project: 'project',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' }
}

const RED = { settings: { userDir: path.resolve('.') }, util: nodeRedUtil } as NodeRed
const node = { id: 'node' } as Node

/** The properties of a node, a connection's credentials among them, that keep the runtime from starting it. */
export function refusedProperties(type: NodeType, properties: Properties): Set<string> {
  const { issues, start } = read[type](properties)
  const refused = new Set(issues.map(({ property }) => checkedOf(property)))
  if (refused.size > 0) return refused
  try {
    start()
  } catch (error) {
    if (!(error instanceof SlsError) || error.field === undefined) throw error
    refused.add(error.field)
  }
  return refused
}

interface Reading {
  issues: readonly { property: string }[]
  /** @throws SlsError what the engine finds wrong */
  start(): void
}

const read: Readonly<Record<NodeType, (properties: Properties) => Reading>> = {
  'sls-config': (properties) => {
    const credentials = Object.fromEntries(
      Object.keys(connectionCredentials).map((name) => [name, properties[name]])
    )
    try {
      const { options, issues } = readConnection(RED, properties, credentials)
      return { issues, start: () => new SlsClient(options).close() }
    } catch (error) {
      const start = () => {
        throw error
      }
      return { issues: [], start }
    }
  },
  'sls-in': (properties) => {
    const { settings, issues } = readSourceSettings(RED, node, properties)
    const { assignment, ...engine } = settings.engine
    const named =
      assignment?.type === 'group' && assignment.consumer === ''
        ? { ...assignment, consumer: 'member' }
        : assignment
    return { issues, start: () => void new SlsSource({ ...engine, assignment: named, client }).close() }
  },
  'sls-out': (properties) => {
    const { settings, issues } = readSinkSettings(RED, node, properties)
    const { spoolPath, ...engine } = settings.engine
    // A dry run touches no disk.
    const options = spoolPath === undefined ? engine : { ...engine, spoolPath, dryRun: true }
    return { issues, start: () => void new SlsSink({ ...options, client }).close() }
  }
}

/** Nodes of which every property but those of a case is good: one where all fields are shown, and others. */
const situations: Readonly<Record<NodeType, readonly Properties[]>> = {
  'sls-config': [
    { credentialType: 'accessKey' },
    { credentialType: 'sts' },
    { credentialType: 'ramRole' },
    { credentialType: 'ecsRamRole' },
    { credentialType: 'oidc' },
    { credentialType: 'uri' },
    { credentialType: 'environment' },
    { signatureVersion: 'v4', endpoint: '127.0.0.1', region: 'cn-hangzhou' }
  ].map((choice) => ({
    endpoint: 'cn-hangzhou.log.aliyuncs.com',
    project: 'project',
    ...Object.fromEntries(Object.keys(connectionCredentials).map((name) => [name, 'given'])),
    credentialsUri: 'http://127.0.0.1/',
    ...choice
  })),
  'sls-in': [
    {},
    { acknowledge: 'manual', maxRedeliveries: 3, checkpointMode: 'periodic', consumerGroup: 'readers' },
    { position: 'timestamp', positionTime: '1714521600', output: 'raw' },
    { position: 'checkpoint', consumerGroup: 'readers' },
    {
      position: 'checkpoint',
      consumerGroup: 'readers',
      defaultPosition: 'timestamp',
      defaultPositionTime: '2 h ago'
    },
    { assignment: 'group', consumerGroup: 'readers' },
    { assignment: 'custom', assignmentExpression: 'shard', taskCount: 4 },
    { assignment: 'roundRobin', taskCount: '20', taskIndex: 'gateway-1' }
  ].map((choice) => ({ logstores: 'access', ...choice })),
  'sls-out': [
    {},
    { spool: 'always', overflow: 'spool', maxBlock: 0 },
    { spool: 'overflow', overflow: 'reject' },
    { overflow: 'dropOldest' },
    { hashKey: 'md5', hashKeyValue: 'device' },
    { hashKey: 'explicit', hashKeyValue: 'device.key', adjustShardHash: false },
    { contentType: 'jsonata', content: '{"a": payload}', timeType: 'msg', time: 'at' },
    {
      contentType: 'flow',
      content: 'log',
      timeType: 'str',
      time: '1714521600',
      tagsType: 'msg',
      tags: 'tags'
    },
    { topicType: 'env', topic: 'HOME', sourceType: 'global', source: 'host', tags: '{"site":"a"}' }
  ].map((choice) => ({ logstore: 'access', ...choice }))
}

/** What is no variable as a whole, as Node-RED leaves it. */
const partly = ['a-$', '{NAME}'].join('')
const spaced = [' $', '{NAME} '].join('')

const anything: readonly unknown[] = [
  null,
  '',
  ' ',
  'a b',
  'é',
  'x'.repeat(129),
  '-h',
  'msg.',
  'a[',
  '{"a":',
  '(',
  true,
  false,
  'TRUE',
  'off',
  'maybe',
  { a: 1 },
  [5],
  partly,
  spaced,
  ...[-2, -1, -0, 0, 0.5, 1, 2, 3, 7, 9, 10, 19, 64, 512, 1000, 1024, 1025, 40_960, 40_961, 65_535, 65_536],
  ...[86_400, 86_401, 100_000, 100_001, 10_485_760, 10_485_761, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53],
  ...['1e3', '0x10', ' 7 ', '1,000', '+3', 'NaN', 'Infinity', '9007199254740993']
]

const times: readonly string[] = [
  '2024-02-29',
  '2023-02-29',
  '2024-02-31',
  '2024-13-01',
  '2024-2-1',
  '2024-05-01T08:00',
  '2024-05-01T08:00:00+08:00',
  '2024-05-01 08:00:00,5 +0800',
  '2024-05-01T08:00:00.123456789z',
  '2024-05-01T25:00:00Z',
  '2024-05-01T08:60:00Z',
  '2024-05-01T08:00:00+08:00x',
  '2024-05-01 noon',
  '1969-12-31',
  '2106-02-07T06:28:15Z',
  '2106-02-07T06:28:16Z',
  '1 May 2024',
  '1714521600',
  '1714521600.5',
  '1714521600123',
  '1714521600123456789',
  '4294967295',
  '4294967296',
  '99999999999',
  '12345678901234567890123',
  '-5',
  'now',
  'NOW',
  'yesterday',
  '2 h ago',
  '2h',
  '-15min',
  '- 3 days',
  '5 fortnights ago',
  '3 x ago',
  '100000 d ago',
  '-PT1H30M',
  '-P',
  '-PT',
  '-P1Y',
  '-P1DT',
  '-P2W'
]

const particular: Readonly<Record<string, readonly unknown[]>> = {
  endpoint: [
    'cn-hangzhou.log.aliyuncs.com',
    'project.cn-hangzhou.log.aliyuncs.com',
    'PROJECT.log-global.aliyuncs.com',
    'log-global.aliyuncs.com',
    'http://127.0.0.1:9000',
    'HTTPS://Host:1/',
    'host:65535',
    'host:65536',
    'host:0',
    'host:x',
    'host:',
    'http://[::1]:9000',
    'http://[::1',
    '::1',
    'host/path',
    'host?x=1',
    'host#x',
    'user@host',
    'user:pass@host',
    'ftp://host',
    'http:/host',
    'a..b',
    '.host',
    'host.',
    'ho_st',
    'ho%st',
    'münchen.de',
    '1.2.3',
    '256.1.1.1',
    '//'
  ],
  project: ['p', 'my-project', 'my_project', 'Mixed', '-a', 'a-', 'a.b', 'x'.repeat(128), 'cn-hangzhou'],
  region: ['cn-hangzhou', 'CN', 'cn_hangzhou'],
  signatureVersion: ['auto', 'v1', 'v4', 'v2'],
  credentialType: ['accessKey', 'sts', 'ecsRamRole', 'environment', 'password'],
  userAgent: ['agent/1.0 (a b)', 'agént', 'a\tb', ' padded '],
  credentialsUri: ['http://h', 'https:///x', 'http:// h', 'HTTP://h', 'http://h:99999'],
  accessKeySecret: ['a b', ' secret ', '__PWRD__'],
  logstores: ['a, b_2', 'one, two,', ',', 'a,,b', '/app-.*/i', '/app/gy', '/(/', '/a/x', '/a', 'a.b', '//'],
  logstore: ['access', ' access ', 'a.b', 'a,b'],
  consumerGroup: ['readers', 'a.b'],
  position: ['begin', 'end', 'checkpoint', 'timestamp', 'start'],
  defaultPosition: ['begin', 'end', 'checkpoint', 'timestamp'],
  assignment: ['modulo', 'roundRobin', 'group', 'custom', 'Modulo'],
  assignmentExpression: ['shard + 1', 'shard +', '$sum('],
  consumer: ['gateway-1.local:2', 'x'.repeat(128)],
  taskIndex: ['gateway-2', 'gateway', '-1', 'a-3', '2\n', 'a\n-0'],
  checkpointMode: ['onCheckpoints', 'periodic', 'disabled', 'never'],
  acknowledge: ['auto', 'manual', 'never'],
  onPoison: ['skip', 'stop'],
  onInvalidCursor: ['earliest', 'latest', 'fail'],
  output: ['log', 'group', 'fetch', 'raw', 'logs'],
  positionTime: times,
  defaultPositionTime: times,
  stopTime: times,
  query: ['* | where a'],
  hashKey: ['none', 'md5', 'explicit'],
  content: ['a.b', 'a["b c"]', '#:(file)::a', '$.a', 'a..b', '.a'],
  contentType: ['msg', 'str', 'num', 'bool', 'json', 'jsonata', 'flow', 'global', 'env', 'date', 'bin', 're'],
  timeType: ['now', 'msg', 'jsonata', 'str', 'then'],
  topicType: ['str', 'msg', 'jsonata', 'json', 'bin'],
  sourceType: ['str', 'flow', 'bin'],
  tags: ['{"a":"b"}', '5', '[', '{}'],
  tagsType: ['json', 'msg', 'jsonata', 'bin'],
  hashKeyValue: ['a.b', 'a[', '.'],
  hashKeyValueType: ['msg', 'str', 'json', 'jsonata', 'bin'],
  bufferEncoding: ['utf8', 'base64', 'hex'],
  compression: ['lz4', 'deflate', 'none', 'gzip'],
  overflow: ['wait', 'reject', 'dropOldest', 'spool'],
  spool: ['off', 'overflow', 'always', 'on'],
  timeRepair: ['keep', 'rewrite', 'reject', 'drop']
}

/** Read by Node-RED itself, or by nobody. */
const unread = new Set(['name', 'config', 'proxy', 'tls', 'inputs', 'outputs'])

/** A node with one property whose value may be right or wrong; all others are right, unless that one makes them wrong. */
export interface Case {
  properties: Properties
  property: string
  /** What of the properties is other than the defaults. */
  differences: Properties
}

/** What a typed input is wrong with is its value, also where that is its kind. */
function checkedOf(property: string): string {
  return /^(?:content|time|topic|source|tags|hashKeyValue)Type$/.test(property)
    ? property.slice(0, -4)
    : property
}

/** @param times how many of the situations each value meets that is not particular to a property */
export function casesOf(type: NodeType, times = runs(2, Number.POSITIVE_INFINITY)): Case[] {
  const names = Object.keys(runtimeDefaults[type]).filter((name) => !unread.has(name))
  if (type === 'sls-config') names.push(...Object.keys(connectionCredentials))
  const rounds = situations[type].length
  return names.flatMap((property, place) =>
    situations[type].flatMap((situation, round) => {
      const met = anything.filter((_, index) => (index + place + round) % rounds < times)
      return ['', ...met, ...(particular[property] ?? [])].map((value) => {
        const differences = { ...situation, [property]: value }
        return {
          properties: { ...runtimeDefaults[type], ...differences },
          property: checkedOf(property),
          differences
        }
      })
    })
  )
}
