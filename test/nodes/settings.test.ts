import assert from 'node:assert/strict'
import { SlsSink } from '../../engine/sink/sink'
import { SlsSource } from '../../engine/source/source'
import { registerConnectionAdmin } from '../../nodes/connection-admin'
import { readConnection } from '../../nodes/connection-settings'
import { connectionBudget, workBudget } from '../../nodes/lifetime'
import type { AdminGuard, Node, NodeRed } from '../../nodes/node-red'
import { readSinkSettings } from '../../nodes/sink-settings'
import { readSourceSettings } from '../../nodes/source-settings'

const RED = {} as NodeRed
const node = {} as Node
const client = {
  endpoint: 'cn-hangzhou.log.aliyuncs.com',
  project: 'project',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' }
}

describe('Settings of a node', () => {
  it('that is left as it is are what the engine takes', async () => {
    const { settings, issues } = readSourceSettings(RED, node, { logstores: 'access' })
    assert.deepEqual(issues, [])
    await new SlsSource({ ...settings.engine, client }).close()
    const sink = readSinkSettings(RED, node, { logstore: 'access' })
    assert.deepEqual(sink.issues, [])
    await new SlsSink({ ...sink.settings.engine, client }).close()
  })

  it('tell the start of the reading', () => {
    const position = (properties: object) =>
      readSourceSettings(RED, node, { logstores: 'a', ...properties }).settings.engine
    assert.deepEqual(position({}).position, { type: 'begin' })
    assert.deepEqual(position({ position: 'timestamp', positionTime: '1714521600' }).position, {
      type: 'timestamp',
      time: 1_714_521_600
    })
    assert.deepEqual(
      position({ position: 'timestamp', positionTime: '2024-05-01T08:00:00+08:00' }).position,
      {
        type: 'timestamp',
        time: 1_714_521_600
      }
    )
    assert.deepEqual(position({ defaultPosition: 'end' }).defaultPosition, { type: 'end' })
    assert.equal(position({ stopTime: '2024-05-01T00:00:00.5Z' }).stopTime, 1_714_521_600.5)
  })

  it('need the time of the default position only with the position that the default is for', () => {
    for (const defaultPositionTime of ['', 'soon']) {
      const wrong = (position: string) =>
        readSourceSettings(RED, node, {
          logstores: 'a',
          consumerGroup: 'g',
          position,
          defaultPosition: 'timestamp',
          defaultPositionTime
        }).issues.map(({ property }) => property)
      assert.deepEqual(wrong('checkpoint'), ['defaultPositionTime'])
      assert.deepEqual(wrong('end'), [])
    }
  })

  it('tell the logstores, by name or by expression', () => {
    const logstores = (text: string) =>
      readSourceSettings(RED, node, { logstores: text }).settings.engine.logstores
    assert.equal(logstores(' one '), 'one')
    assert.deepEqual(logstores('one, two,'), ['one', 'two'])
    assert.deepEqual(logstores('/app-.*/i'), /app-.*/i)
  })

  it('say so where a variable holds an object or a list', () => {
    const wrong = { memoryLimit: { bytes: 1 }, output: ['log'], parseJson: {}, stopTime: [1] }
    const { issues } = readSourceSettings(RED, node, { logstores: 'a', ...wrong })
    assert.deepEqual(issues.map(({ property }) => property).sort(), Object.keys(wrong).sort())
    assert.throws(() => {
      const { settings } = readSourceSettings(RED, node, { logstores: ['a', 'b'] })
      new SlsSource({ ...settings.engine, client })
    }, /logstores/)
  })

  it('tell the place among several instances, by number or by the name of a member', () => {
    const assignment = (properties: object) =>
      readSourceSettings(RED, node, { logstores: 'a', ...properties })
    assert.deepEqual(assignment({ taskIndex: 'gateway-2', taskCount: '3' }).settings.engine.assignment, {
      type: 'modulo',
      taskIndex: 2,
      taskCount: 3
    })
    assert.deepEqual(
      assignment({ taskIndex: 'gateway', taskCount: '3' }).issues.map(({ property }) => property),
      ['taskIndex']
    )
  })

  it('tell a member of a consumer group, and what it lacks', async () => {
    const group = (properties: object) =>
      readSourceSettings(RED, node, {
        logstores: 'a',
        assignment: 'group',
        consumerGroup: 'readers',
        ...properties
      })
    const { settings, issues } = group({ consumer: 'gateway-1', heartbeatInterval: '1000' })
    assert.deepEqual(issues, [])
    assert.deepEqual(settings.engine.assignment, {
      type: 'group',
      consumer: 'gateway-1',
      heartbeatInterval: 1000,
      groupTimeout: 60,
      handOverTimeout: 30_000,
      updateGroup: false
    })
    await new SlsSource({ ...settings.engine, client }).close()
    const wrong = group({
      consumerGroup: '',
      consumer: 'one two',
      groupTimeout: '5',
      checkpointMode: 'disabled'
    })
    assert.deepEqual(
      wrong.issues.map(({ property, problem }) => `${property} ${problem}`),
      ['groupTimeout outOfRange', 'consumer notMember', 'consumerGroup missing', 'checkpointMode notChoice']
    )
  })

  it('of a writer go over those of its connection only where they are set', () => {
    const retry = (properties: object) =>
      readSinkSettings(RED, node, { logstore: 'a', ...properties }).settings.engine.retry
    assert.deepEqual(retry({}), {})
    assert.deepEqual(retry({ maxRetries: '', maxRetriesRetryable: '-1' }), { maxRetriesRetryable: -1 })
  })

  it('name the bounds of a number that there are', () => {
    const { issues } = readSinkSettings(RED, node, { logstore: 'a', totalBytes: 0, maxLines: 0 })
    assert.deepEqual(
      issues.map(({ property, problem }) => `${property} ${problem}`),
      ['maxLines outOfRange', 'totalBytes tooSmall']
    )
  })

  it('take a truth value as text, too, and name one that is none', () => {
    const ordered = (value: unknown) => readSinkSettings(RED, node, { logstore: 'a', ordered: value })
    for (const value of [true, 'true', ' TRUE ', '1', 'on', 'yes', 1]) {
      assert.deepEqual(ordered(value).issues, [])
      assert.equal(ordered(value).settings.engine.ordered, true)
    }
    for (const value of [false, 'false', '0', 'off', 'No', '', 0]) {
      assert.deepEqual(ordered(value).issues, [])
      assert.equal(ordered(value).settings.engine.ordered, false)
    }
    const choices = 'true, false'
    assert.deepEqual(ordered('maybe').issues, [
      { property: 'ordered', problem: 'notChoice', values: { choices } }
    ])
    const variable = ['$', '{ORDERED}'].join('')
    assert.deepEqual(ordered(variable).issues, [
      { property: 'ordered', problem: 'unresolved', values: { variable } }
    ])
  })

  it('that cannot be read are refused with what is wrong or expected', () => {
    const settings = { logstores: '/(/', position: 'timestamp', positionTime: 'soon', stopTime: 'never' }
    const { issues } = readSourceSettings(RED, node, settings)
    assert.deepEqual(issues.map(({ property, problem }) => `${property} ${problem}`).sort(), [
      'logstores invalid',
      'positionTime notTime',
      'stopTime notTime'
    ])
    const invalid = issues.find(({ problem }) => problem === 'invalid')
    assert.match(String(invalid?.values['reason']), /regular expression/)
  })

  it('of a later version are refused by name, not ignored', () => {
    const issues = [
      ...readSourceSettings(RED, node, { logstores: 'a', assignment: 'hash' }).issues,
      ...readSinkSettings(RED, node, { logstore: 'a', overflow: 'spool', compression: 'snappy' }).issues
    ]
    assert.deepEqual(
      issues.map(({ property, problem }) => `${property} ${problem}`),
      ['assignment notChoice', 'compression notChoice', 'overflow notChoice']
    )
  })

  it('of a connection become what the client takes', () => {
    const { options, issues } = readConnection(
      RED,
      { endpoint: ' cn-hangzhou.log.aliyuncs.com ', project: 'p', connectTimeout: '500', userAgent: ' ' },
      { accessKeyId: 'id', accessKeySecret: 'secret' }
    )
    assert.deepEqual(issues, [])
    assert.equal(options.endpoint, 'cn-hangzhou.log.aliyuncs.com')
    assert.equal(options.connectTimeout, 500)
    assert.equal(options.requestTimeout, 60_000)
    assert.equal(options.userAgent, undefined)
    assert.deepEqual(options.retry, {
      maxRetries: 5,
      maxRetriesRetryable: 60,
      baseRetryBackoff: 200,
      maxRetryBackoff: 5000
    })
  })

  it('of a connection take from a tls-config node what it offers, in whichever form', () => {
    const common = { passphrase: 'word', servername: 'sls.example', rejectUnauthorized: false }
    const parts = { key: 'key', cert: 'cert', ca: 'ca', pfx: undefined, ...common }
    const archive = { key: undefined, cert: undefined, ca: undefined, pfx: Buffer.from('archive'), ...common }
    for (const offered of [parts, archive]) {
      const tls = { addTLSOptions: (given: object) => ({ ...given, ...offered, ALPNProtocols: ['h2'] }) }
      const { options, issues } = readConnection(
        { nodes: { getNode: () => tls } } as unknown as NodeRed,
        { endpoint: 'cn-hangzhou.log.aliyuncs.com', project: 'p', tls: 'tls' },
        { accessKeyId: 'id', accessKeySecret: 'secret' }
      )
      assert.deepEqual(issues, [])
      assert.deepEqual(options.tls, offered)
    }
  })
})

describe('The time to close', () => {
  it('ends for a user before it ends for the connection, and for that before Node-RED gives up', () => {
    for (const nodeCloseTimeout of [undefined, 100, 1001, 5000, 60_000]) {
      const limit = nodeCloseTimeout ?? 15_000
      const work = workBudget({ nodeCloseTimeout })
      const connection = connectionBudget({ nodeCloseTimeout })
      assert.ok(Number.isInteger(work) && work > limit / 2)
      assert.ok(work < connection && connection < limit)
    }
  })
})

describe('The admin endpoint', () => {
  it('asks for the right to change connections', () => {
    const asked: string[] = []
    const guards: unknown[] = []
    const guard: AdminGuard = () => undefined
    registerConnectionAdmin({
      auth: {
        needsPermission: (permission: string) => {
          asked.push(permission)
          return guard
        }
      },
      httpAdmin: { post: (path: string, given: unknown) => guards.push(path, given) }
    } as unknown as NodeRed)
    assert.deepEqual(asked, ['sls-config.write'])
    assert.deepEqual(guards, ['/sls/connection', guard])
  })
})
