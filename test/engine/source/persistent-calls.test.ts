import { strict as assert } from 'node:assert'
import { SlsError } from '../../../engine/client/errors'
import { SourceEmitter } from '../../../engine/source/events'
import { PersistentCalls } from '../../../engine/source/persistent-calls'
import { VirtualClock } from './virtual-clock'

const policy = { maxRetries: 2, maxRetriesRetryable: 4, baseRetryBackoff: 100, maxRetryBackoff: 1000 }
const forever = new AbortController().signal
const site = { api: 'pullLogs', logstore: 'access', shard: 0 } as const

function network(): SlsError {
  return new SlsError('NetworkError', 'away', { retryability: 'transient' })
}

function denied(): SlsError {
  return new SlsError('Unauthorized', 'no', { status: 401, retryability: 'ordinary' })
}

describe('a call that is made until it succeeds', () => {
  let clock: VirtualClock
  let calls: PersistentCalls
  let told: string[]
  let delays: number[]

  beforeEach(() => {
    clock = new VirtualClock()
    told = []
    delays = []
    const emitter = new SourceEmitter()
    emitter.on('error', ({ error, api }) => told.push(`error ${api} ${error.code}`))
    emitter.on('recovered', ({ error, api }) => told.push(`recovered ${api} ${error.code}`))
    emitter.on('retry', ({ delay }) => delays.push(delay))
    calls = new PersistentCalls(policy, clock, emitter, () => 1)
  })

  /** Fails as often as there are errors, then succeeds. */
  function failing(...errors: SlsError[]): () => Promise<string> {
    return async () => {
      const error = errors.shift()
      if (error !== undefined) throw error
      return 'done'
    }
  }

  async function answerOnce(): Promise<void> {
    await calls.run(site, async () => 'answered', forever)
  }

  it('waits as the policy has it, and tells of nothing where that is enough', async () => {
    await answerOnce()
    const errors = [network(), network(), network(), network()]
    assert.equal(await calls.run(site, failing(...errors), forever), 'done')
    assert.deepEqual(delays, [100, 200, 400, 800])
    assert.deepEqual(told, [])
    assert.equal(errors[3]?.attempts, 4)
  })

  it('tells once when the policy is at its end, then tries slowly, and tells when it is over', async () => {
    await answerOnce()
    await calls.run(site, failing(...Array.from({ length: 9 }, network)), forever)
    assert.deepEqual(delays.slice(4), [1000, 2000, 4000, 6000, 6000])
    assert.deepEqual(told, ['error pullLogs NetworkError', 'recovered pullLogs NetworkError'])
    assert.equal(calls.trouble, undefined)
  })

  it('has less patience for what somebody has to mend, and none for what can only fail again', async () => {
    await answerOnce()
    await calls.run(site, failing(denied(), denied(), denied()), forever)
    assert.deepEqual(told, ['error pullLogs Unauthorized', 'recovered pullLogs Unauthorized'])
    told.length = 0
    await calls.run(site, failing(new SlsError('ParameterInvalid', 'query', { status: 400 })), forever)
    assert.deepEqual(told, ['error pullLogs ParameterInvalid', 'recovered pullLogs ParameterInvalid'])
  })

  it('has little patience before anything was ever answered: more likely an option is wrong', async () => {
    await calls.run(site, failing(network(), network(), network()), forever)
    assert.deepEqual(told, ['error pullLogs NetworkError', 'recovered pullLogs NetworkError'])
  })

  it('does not take local state that answers for the service', async () => {
    await calls.run({ api: 'loadProgress' }, async () => 'restored', forever)
    await calls.run(site, failing(network(), network(), network()), forever)
    assert.deepEqual(told, ['error pullLogs NetworkError', 'recovered pullLogs NetworkError'])
  })

  it('says of nothing that it is over when it is given up', async () => {
    const giveUp = new AbortController()
    const failed = calls.run(site, failing(network(), network(), network(), network()), giveUp.signal)
    await clock.delay(500)
    giveUp.abort()
    await assert.rejects(failed, { code: 'Aborted' })
    assert.deepEqual(told, ['error pullLogs NetworkError'])
    assert.equal(calls.trouble, undefined)
  })

  it('tries a damaged answer again, whoever noticed the damage', async () => {
    await calls.run(site, failing(new SlsError('CorruptBody', 'cut off')), forever)
    assert.deepEqual(told, [])
  })

  it('tells of one cause once, however many calls it meets', async () => {
    await answerOnce()
    let isAway: boolean = true
    const call = async () => {
      await clock.during(new Promise((resolve) => setImmediate(resolve)))
      if (isAway) throw network()
    }
    const running = [0, 1, 2, 3].map((shard) => calls.run({ ...site, shard }, call, forever))
    await clock.delay(60_000)
    assert.deepEqual(told, ['error pullLogs NetworkError'])
    assert.equal(calls.trouble?.reported, true)
    isAway = false
    await Promise.all(running)
    assert.deepEqual(told, ['error pullLogs NetworkError', 'recovered pullLogs NetworkError'])
  })

  it('goes on at once when another call finds the connection back', async () => {
    await answerOnce()
    let isAway: boolean = true
    const call = async () => {
      if (isAway) throw network()
      return clock.now()
    }
    const slow = calls.run(site, call, forever)
    await clock.delay(60_000)
    const quick = calls.run({ ...site, shard: 1 }, call, forever)
    await clock.delay(1)
    isAway = false
    assert.equal(await slow, await quick)
  })

  it('is not hurried by calls that never failed', async () => {
    await answerOnce()
    const failed = calls.run(site, failing(network(), network(), network()), forever)
    for (let count = 0; count < 20; count++) await answerOnce()
    await failed
    assert.deepEqual(delays, [100, 200, 400])
  })

  it('gives back what its caller answers itself', async () => {
    const giveUp = (error: SlsError) => error.code === 'InvalidCursor'
    const call = failing(network(), new SlsError('InvalidCursor', 'too old', { status: 400 }))
    await assert.rejects(calls.run(site, call, forever, { giveUp }), { code: 'InvalidCursor' })
    assert.deepEqual(told, [])
  })

  it('takes what is no error of the engine for one', async () => {
    let isFirst: boolean = true
    const call = async () => {
      if (!isFirst) return 'done'
      isFirst = false
      throw new TypeError('of something else')
    }
    assert.equal(await calls.run(site, call, forever), 'done')
  })

  it('ends when it is aborted, in a wait as well', async () => {
    const stop = new AbortController()
    const running = calls.run(site, failing(...Array.from({ length: 50 }, denied)), stop.signal)
    await clock.delay(500)
    stop.abort()
    await assert.rejects(running, { code: 'Aborted' })
    assert.equal(calls.trouble, undefined)
  })

  it('shows the gravest trouble', async () => {
    await answerOnce()
    const stop = new AbortController()
    const always = (error: () => SlsError) => async () => {
      await clock.during(new Promise((resolve) => setImmediate(resolve)))
      throw error()
    }
    const running = [
      calls.run({ api: 'updateCheckpoint', logstore: 'access' }, always(denied), stop.signal),
      calls.run(site, always(network), stop.signal)
    ].map((each) => each.catch(() => undefined))
    await clock.delay(900)
    assert.equal(calls.trouble?.error.code, 'Unauthorized')
    assert.equal(calls.trouble.reported, true)
    assert.ok(calls.trouble.retryAt > clock.now() - 1)
    stop.abort()
    await Promise.all(running)
  })

  it('never spins, whatever the policy says', async () => {
    const emitter = new SourceEmitter()
    const none = { maxRetries: -1, maxRetriesRetryable: -1, baseRetryBackoff: 0, maxRetryBackoff: 0 }
    const eager = new PersistentCalls(none, clock, emitter, () => 0)
    emitter.on('retry', ({ delay }) => delays.push(delay))
    await eager.run(site, failing(network(), network()), forever)
    assert.ok(delays.every((delay) => delay >= 10))
  })
})
