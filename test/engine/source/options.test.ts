import { strict as assert } from 'node:assert'
import { defaultRetryPolicy } from '../../../engine/client/retry'
import type { ShardAssignment } from '../../../engine/source/assignment'
import { checkSourceOptions, type SourceOptions } from '../../../engine/source/options'
import { SlsSource } from '../../../engine/source/source'
import type { SourceClient } from '../../../engine/source/source-client'

const client = {} as SourceClient

function check(options: Partial<SourceOptions>) {
  return checkSourceOptions({ client, logstores: 'access', ...options }, defaultRetryPolicy)
}

describe('the options of a source', () => {
  it('have the documented defaults', () => {
    const { clock, random, retry, state, ...settings } = check({})
    assert.deepEqual(settings, {
      logstores: ['access'],
      consumerGroup: undefined,
      position: { type: 'begin' },
      defaultPosition: { type: 'begin' },
      assignment: { type: 'modulo', taskIndex: 0, taskCount: 1 },
      checkpointMode: 'onCheckpoints',
      checkpointInterval: 5000,
      commitInterval: 10_000,
      maxRedeliveries: -1,
      onPoison: 'skip',
      ackTimeout: 0,
      onInvalidCursor: 'earliest',
      maxInFlight: 0,
      memoryLimit: 67_108_864,
      maxLogGroups: 100,
      fetchInterval: 100,
      discoveryInterval: 60_000,
      inOrder: true,
      stopTime: undefined,
      query: undefined,
      stallTimeout: 180_000,
      closeTimeout: 10_000
    })
    assert.deepEqual(retry, defaultRetryPolicy)
    assert.equal(state, undefined)
    assert.ok(Math.abs(clock.now() - Date.now()) < 1000)
    assert.ok(random() < 1)
  })

  it('take a list of logstores once each, and an expression for whole names', () => {
    assert.deepEqual(check({ logstores: ['a', 'b', 'a'] }).logstores, ['a', 'b'])
    const pattern = check({ logstores: /a|b+/gi }).logstores
    assert.ok(pattern instanceof RegExp)
    assert.deepEqual(
      ['a', 'bb', 'A', 'ab', 'xa'].map((name) => pattern.test(name)),
      [true, true, true, false, false]
    )
  })

  it('take whole seconds: those before a start, those after a stop', () => {
    assert.deepEqual(check({ position: { type: 'timestamp', time: 10.7 } }).position, {
      type: 'timestamp',
      time: 10
    })
    assert.equal(check({ stopTime: 10.2 }).stopTime, 11)
  })

  it('complete the assignment by a consumer group', () => {
    const { assignment } = check({ consumerGroup: 'readers', assignment: { type: 'group', consumer: 'one' } })
    assert.deepEqual(assignment, {
      type: 'group',
      consumer: 'one',
      heartbeatInterval: 5000,
      groupTimeout: 60,
      handOverTimeout: 30_000,
      updateGroup: false
    })
  })

  const group = (options: object) => ({
    consumerGroup: 'readers',
    assignment: { type: 'group' as const, consumer: 'one', ...options }
  })

  it('refuse names that there are not, and tell which was meant', () => {
    for (const [given, field, meant] of [
      [{ logstore: 'access' }, 'logstore', 'logstores'],
      [{ position: { type: 'timestamp', tiem: 10 } }, 'position.tiem', 'position.time'],
      [{ defaultPosition: { typ: 'end' } }, 'defaultPosition.typ', 'defaultPosition.type'],
      [
        { assignment: { type: 'modulo', taskIndex: 0, taskCount: 1, taskIdx: 0 } },
        'assignment.taskIdx',
        'assignment.taskIndex'
      ],
      [group({ groupTimeOutt: 60 }), 'assignment.groupTimeOutt', 'assignment.groupTimeout'],
      [{ retry: { maxretries: 1 } }, 'retry.maxretries', 'retry.maxRetries']
    ] as const) {
      assert.throws(() => check(given as Partial<SourceOptions>), {
        code: 'InvalidOption',
        field,
        message: `${field} is not an option: did you mean ${meant}?`
      })
    }
  })

  it('refuse to be none, and to name no client', () => {
    const source = (options: unknown) => () => new SlsSource(options as SourceOptions)
    assert.throws(source(undefined), { code: 'InvalidOption', field: 'options' })
    for (const client of [undefined, null, 'http://127.0.0.1'])
      assert.throws(source({ client, logstores: 'access' }), { code: 'InvalidOption', field: 'client' })
  })

  const wrong: [field: string, options: Partial<SourceOptions>][] = [
    ['logstores', { logstores: '' }],
    ['logstores', { logstores: [] }],
    ['logstores', { logstores: ['fine', 'not fine'] }],
    ['consumerGroup', { consumerGroup: 'not a name' }],
    ['consumerGroup', { position: { type: 'checkpoint' } }],
    ['position', { position: { type: 'somewhere' } as unknown as { type: 'begin' } }],
    ['position', { position: { type: 'timestamp', time: Number.NaN } }],
    ['defaultPosition', { defaultPosition: { type: 'checkpoint' } as unknown as { type: 'begin' } }],
    [
      'assignment',
      { assignment: { type: 'hash' } as unknown as { type: 'modulo'; taskIndex: 0; taskCount: 1 } }
    ],
    ['assignment', { assignment: { type: 'custom', taskIndex: 0, taskCount: 1 } as never }],
    ['taskIndex', { assignment: { type: 'modulo', taskIndex: 2, taskCount: 2 } }],
    ['taskCount', { assignment: { type: 'modulo', taskIndex: 0, taskCount: 0 } }],
    ['consumerGroup', { assignment: { type: 'group', consumer: 'one' } }],
    ['checkpointMode', { ...group({}), checkpointMode: 'disabled' }],
    ['consumer', group({ consumer: '' })],
    ['consumer', group({ consumer: 'one two' })],
    ['heartbeatInterval', group({ heartbeatInterval: 1 })],
    ['groupTimeout', group({ groupTimeout: 9 })],
    ['groupTimeout', group({ groupTimeout: 0.5 })],
    ['handOverTimeout', group({ handOverTimeout: -1 })],
    ['checkpointMode', { checkpointMode: 'sometimes' as 'periodic' }],
    ['checkpointInterval', { checkpointInterval: 0 }],
    ['commitInterval', { commitInterval: 1.5 }],
    ['maxInFlight', { maxInFlight: -1 }],
    ['memoryLimit', { memoryLimit: Number.NaN }],
    ['maxLogGroups', { maxLogGroups: 1001 }],
    ['fetchInterval', { fetchInterval: -5 }],
    ['discoveryInterval', { discoveryInterval: 5 }],
    ['inOrder', { inOrder: 'no' as unknown as boolean }],
    ['query', { query: 7 as unknown as string }],
    ['updateGroup', group({ updateGroup: 1 })],
    ['position', { position: 'begin' as unknown as { type: 'begin' } }],
    ['assignment', { assignment: 'modulo' as unknown as ShardAssignment }],
    ['stopTime', { stopTime: -1 }],
    ['closeTimeout', { closeTimeout: Number.POSITIVE_INFINITY }],
    ['maxRetries', { retry: { maxRetries: -2 } }]
  ]
  for (const [field, options] of wrong) {
    it(`refuse ${JSON.stringify(options)} and name ${field}`, () => {
      assert.throws(() => check(options), { code: 'InvalidOption', field })
    })
  }
})
