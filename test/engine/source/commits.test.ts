import { strict as assert } from 'node:assert'
import { decodeCursor, encodeCursor } from '../../../engine/client/cursor'
import { SlsError } from '../../../engine/client/errors'
import { Commits } from '../../../engine/source/commits'
import { ConsumerGroupPlace } from '../../../engine/source/consumer-group'
import { SourceEmitter } from '../../../engine/source/events'
import { PersistentCalls } from '../../../engine/source/persistent-calls'
import type { SourceClient } from '../../../engine/source/source-client'
import { ShardStore } from './shard-store'
import { VirtualClock } from './virtual-clock'

interface Update {
  readonly position: bigint
  readonly force: boolean
  answer(error?: SlsError): void
}

const logstore = 'access'
const policy = { maxRetries: 3, maxRetriesRetryable: 3, baseRetryBackoff: 100, maxRetryBackoff: 100 }

describe('commits to the consumer group', () => {
  let clock: VirtualClock
  let stored: Map<number, bigint>
  let updates: Update[]
  let commits: Commits
  let stop: AbortController

  beforeEach(() => {
    clock = new VirtualClock()
    stored = new Map()
    updates = []
    stop = new AbortController()
    const client: SourceClient = {
      ...new ShardStore(1).client(async () => undefined),
      createConsumerGroup: async () => undefined,
      getCheckpoints: async () =>
        [...stored].map(([shard, position]) => ({
          shard,
          cursor: encodeCursor(position),
          updateTime: 0,
          consumer: ''
        })),
      updateCheckpoint: ({ shard, cursor, force }) =>
        new Promise((resolve, reject) => {
          const position = decodeCursor(cursor)
          const answer = (error?: SlsError) => {
            if (error !== undefined) return reject(error)
            stored.set(shard, position)
            resolve()
          }
          updates.push({ position, force, answer })
        })
    }
    const emitter = new SourceEmitter()
    const calls = new PersistentCalls(policy, clock, emitter, () => 1)
    const plan = { name: 'readers', timeout: 60, order: true, isCreated: true, isUpdated: false }
    const group = new ConsumerGroupPlace(plan, client, calls, emitter, stop.signal)
    const fence = { consumer: 'first', refused: () => undefined }
    commits = new Commits(group, client, calls, emitter, stop.signal, fence)
  })

  afterEach(() => stop.abort())

  /** The commit that is under way, once it is. */
  async function underWay(): Promise<Update> {
    for (let turn = 0; turn < 50 && updates.length === 0; turn++) await clock.delay(10)
    const update = updates.shift()
    assert.ok(update !== undefined, 'nothing is committed')
    return update
  }

  async function rest(): Promise<void> {
    await clock.delay(1000)
    assert.deepEqual(updates, [])
  }

  /** The next attempt is of this position, succeeds, and is the last. */
  async function commitsLast(position: bigint): Promise<void> {
    const update = await underWay()
    assert.equal(update.position, position)
    update.answer()
    await rest()
  }

  it('that failed are not tried again for a shard that was lost and came back', async () => {
    commits.request(logstore, 0, 100n)
    const before = await underWay()
    commits.release(logstore, 0)
    stored.set(0, 200n)
    commits.learn(logstore, 0, encodeCursor(200n))
    commits.request(logstore, 0, 200n)
    before.answer(new SlsError('NetworkError', 'the connection was lost', { retryability: 'transient' }))
    await rest()
    commits.request(logstore, 0, 210n)
    await commitsLast(210n)
  })

  it('wait for the one before, although the shard was lost and came back meanwhile', async () => {
    commits.request(logstore, 0, 100n)
    const before = await underWay()
    commits.release(logstore, 0)
    commits.learn(logstore, 0, encodeCursor(200n))
    commits.request(logstore, 0, 210n)
    await rest()
    before.answer()
    await commitsLast(210n)
    assert.equal(stored.get(0), 210n)
  })

  it('go back where that is allowed while one is under way', async () => {
    commits.request(logstore, 0, 500n)
    const before = await underWay()
    commits.allowBack(logstore, 0)
    before.answer()
    await rest()
    commits.request(logstore, 0, 50n)
    await commitsLast(50n)
    commits.request(logstore, 0, 40n)
    await rest()
  })

  it('do not try again from where reading was before it went back', async () => {
    commits.request(logstore, 0, 500n)
    const before = await underWay()
    commits.allowBack(logstore, 0)
    before.answer(new SlsError('NetworkError', 'the connection was lost', { retryability: 'transient' }))
    await rest()
    commits.request(logstore, 0, 50n)
    await commitsLast(50n)
  })
})
