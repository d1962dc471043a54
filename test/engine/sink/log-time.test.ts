import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import type { Log } from '../../../engine/client/model'
import {
  isTimely,
  isUntimely,
  mayRepair,
  ORIGINAL_TIME,
  repairGroup,
  repairLog,
  type TimeRepairName
} from '../../../engine/sink/log-time'
import { runs } from '../../support/counts'
import { contents } from '../../support/log-arbitraries'
import { oracle } from '../../support/protobuf-oracle'
import { refusals } from './support/fake-service'
import { failureOf, log } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'
import { Spooled, until } from './support/spooled'

const NOW = 1_750_000_000
const DAY = 86_400
const right = { now: NOW * 1000 + 250, offset: 0 }

const at = (time: number, timeNs?: number): Log =>
  timeNs === undefined ? { time, contents: [['a', '1']] } : { time, timeNs, contents: [['a', '1']] }

describe('The time of a log', () => {
  it('is taken from seven days back to fifteen minutes ahead', () => {
    for (const [time, timely] of [
      [NOW, true],
      [NOW - 7 * DAY + 61, true],
      [NOW - 7 * DAY, false],
      [NOW + 900, true],
      [NOW + 901, false],
      [0, false]
    ] as const) {
      assert.equal(isTimely(time, right), timely, `${time - NOW} s from now`)
      assert.equal(isUntimely(time, right), !timely)
    }
  })

  it('is kept, or becomes the present with the own one in a field', () => {
    const old = at(NOW - 8 * DAY, 5)
    assert.equal(repairLog(old, right, 'keep'), old)
    assert.equal(repairLog(old, right, 'reject'), old)
    assert.deepEqual(repairLog(old, right, 'rewrite'), {
      time: NOW,
      timeNs: 250_000_000,
      contents: [
        ['a', '1'],
        [ORIGINAL_TIME, '2025-06-07T15:06:40.000000005Z']
      ]
    })
    assert.deepEqual(repairLog(at(0), right, 'rewrite'), {
      time: NOW,
      contents: [
        ['a', '1'],
        [ORIGINAL_TIME, '1970-01-01T00:00:00Z']
      ]
    })
  })

  it('that was repaired before keeps the first one', () => {
    const once = repairLog(at(NOW - 30 * DAY), right, 'rewrite')
    const later = { now: (NOW + 20 * DAY) * 1000, offset: 0 }
    const again = repairLog(once, later, 'rewrite')
    assert.equal(again.time, NOW + 20 * DAY)
    assert.deepEqual(again.contents, once.contents)
  })

  it('that the wrong clock of this machine made is put right whatever is chosen', () => {
    for (const offset of [-3600, 365 * DAY, -40 * DAY]) {
      const service = { now: NOW * 1000, offset: offset * 1000 }
      const stamped = NOW - offset - 10
      for (const repair of ['keep', 'rewrite', 'reject'] as const) {
        const { time, contents: fields } = repairLog(at(stamped), service, repair)
        assert.equal(time, NOW - 10)
        assert.equal(fields.at(-1)?.[0], ORIGINAL_TIME)
      }
      assert.equal(isUntimely(stamped, service), false)
      const device = at(NOW - 5)
      assert.equal(repairLog(device, service, 'keep'), device, 'a right time stays')
    }
    const hopeless = at(100)
    assert.equal(repairLog(hopeless, { now: NOW * 1000, offset: -3_600_000 }, 'keep'), hopeless)
  })

  it('is repaired in an encoded group, and nothing else of it changes', () => {
    const times = fc.oneof(
      fc.integer({ min: NOW - 20 * DAY, max: NOW + 3600 }),
      fc.constantFrom(0, NOW, NOW - 7 * DAY + 30, 0xffff_ffff)
    )
    const logs = fc.array(fc.record({ time: times, contents }), { minLength: 1, maxLength: 8 })
    const tags = [['host', '1']] as const
    fc.assert(
      fc.property(logs, (given) => {
        const encoder = new LogGroupEncoder({ topic: '主题', source: 's', tags })
        for (const one of given) encoder.append(one)
        const raw = Buffer.from(encoder.finish())
        const before = oracle.decodeGroup(raw)
        const { raw: bytes, repaired, span } = repairGroup(raw, right, 'rewrite')
        const after = oracle.decodeGroup(bytes)
        const untimely = before.logs.filter(({ time }) => !isTimely(time, right))
        assert.equal(repaired, untimely.length)
        if (repaired === 0) assert.equal(bytes, raw)
        assert.deepEqual(
          after,
          { ...before, logs: before.logs.map((one) => repairLog(one, right, 'rewrite')) },
          'order, tags, topic and source stay'
        )
        assert.ok(after.logs.every(({ time }) => isTimely(time, right)))
        assert.equal(mayRepair(span, right, 'rewrite'), false)
        assert.equal(repairGroup(raw, right, 'keep').repaired, 0)
      }),
      { numRuns: runs(200, 10_000) }
    )
  }).timeout(runs(20_000, 120_000))
})

describe('A sink that meets times the service refuses', () => {
  const stamped = (id: string, time: number) => ({ time, contents: { id } })

  it('rewrites them when it sends, counts them, and keeps what is timely', async () => {
    const { sink, service, clock } = sinkUnderTest({ timeRepair: 'rewrite', maxLines: 3 })
    service.time = right
    const write = sink.write({
      logs: [stamped('old', NOW - 9 * DAY), stamped('good', NOW - 60), stamped('ahead', NOW + 3600)]
    })
    await clock.advance(1)
    assert.equal((await write).logs, 3)
    const [put] = service.accepted
    assert.deepEqual(
      put?.logs.map(({ time, contents: fields }) => [time, fields.length]),
      [
        [NOW, 2],
        [NOW - 60, 1],
        [NOW, 2]
      ]
    )
    assert.equal(sink.status().repairedTimes, 2)
    await sink.close()
  })

  it('counts them in requests that are made at the same time', async () => {
    const { sink, service, clock } = sinkUnderTest({ timeRepair: 'rewrite', maxLines: 2, concurrency: 4 })
    service.time = right
    const logs = Array.from({ length: 8 }, (_, index) => stamped(String(index), NOW - 9 * DAY))
    const write = sink.write({ logs })
    await clock.advance(1)
    await write
    assert.equal(service.accepted.length, 4)
    assert.equal(sink.status().repairedTimes, 8)
    await sink.close()
  })

  it('rewrites logs that became too old while they were tried again', async () => {
    const { sink, service, clock } = sinkUnderTest({
      timeRepair: 'rewrite',
      retry: { maxRetriesRetryable: -1 }
    })
    service.time = right
    service.answer = () => refusals.network()
    const write = sink.write({ logs: [stamped('patient', NOW)] })
    await clock.advance(60_000)
    service.time = { now: right.now + 8 * DAY * 1000, offset: 0 }
    service.answer = () => undefined
    await clock.advance(10_000)
    assert.equal((await write).logs, 1)
    assert.equal(service.accepted[0]?.logs[0]?.time, NOW + 8 * DAY)
    await sink.close()
  })

  it('refuses the write when told to, naming the log and the field', async () => {
    const { sink, service, clock } = sinkUnderTest({ timeRepair: 'reject' })
    service.time = right
    const refused = await failureOf(
      sink.write({ logs: [stamped('good', NOW), stamped('old', NOW - 8 * DAY)] })
    )
    assert.deepEqual([refused.code, refused.field, refused.logIndex], ['InvalidLog', 'time', 1])
    assert.match(refused.message, /691200 s old/)
    const good = sink.write({ logs: [stamped('good', NOW)] })
    await clock.advance(3000)
    assert.equal((await good).logs, 1)
    await sink.close()
  })

  it('keeps them unless told otherwise', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.time = right
    const write = sink.write({ logs: [log('old')] })
    await clock.advance(3000)
    await write
    assert.equal(service.accepted[0]?.logs[0]?.time, 1_700_000_000)
    assert.equal(sink.status().repairedTimes, 0)
    await sink.close()
  })

  it('puts right what it had stamped by a clock that turned out to be wrong', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 2 })
    service.time = { now: right.now + 3_600_000, offset: 0 } // not known yet: an hour ahead
    service.answer = () => {
      if (service.time?.offset !== 0) return undefined
      service.time = { now: right.now, offset: -3_600_000 }
      return refusals.clock()
    }
    const write = sink.write({ logs: [stamped('a', NOW + 3600), stamped('b', NOW + 3599)] })
    await clock.advance(1000)
    assert.equal((await write).attempts, 2)
    assert.deepEqual(
      service.accepted[0]?.logs.map(({ time }) => time),
      [NOW, NOW - 1]
    )
    await sink.close()
  })
})

describe('A spool that is sent after more than a week', () => {
  const lives = async (timeRepair: TimeRepairName) => {
    const spooled = await Spooled.start()
    const { service } = spooled
    service.time = right
    service.answer = () => refusals.network()
    const before = spooled.sink({ timeRepair })
    await before.write({ logs: [1, 2, 3].map((id) => ({ time: NOW - id, contents: { id: String(id) } })) })
    await before.close(50)
    const later = { now: right.now + 8 * DAY * 1000, offset: 0 }
    service.time = later
    service.answer = (put) =>
      put.logs.every(({ time }) => isTimely(time, later)) ? undefined : refusals.invalid()
    const after = spooled.sink({ timeRepair })
    await after.write({ logs: [{ time: NOW + 8 * DAY, contents: { id: '4' } }] })
    return { spooled, service, after }
  }

  it('has its times rewritten where told to', async () => {
    const { spooled, service, after } = await lives('rewrite')
    await until('all logs', () => service.values('id').length === 4)
    assert.deepEqual(service.values('id').sort(), ['1', '2', '3', '4'])
    assert.ok(service.accepted.flatMap((put) => put.logs).every(({ time }) => time === NOW + 8 * DAY))
    assert.deepEqual(service.values(ORIGINAL_TIME).sort(), [
      '2025-06-15T15:06:37Z',
      '2025-06-15T15:06:38Z',
      '2025-06-15T15:06:39Z'
    ])
    assert.equal(after.status().repairedTimes, 3)
    await spooled.close()
  })

  for (const timeRepair of ['keep', 'reject'] as const) {
    it(`keeps what is refused for people to see, with ${timeRepair}`, async () => {
      const { spooled, service, after } = await lives(timeRepair)
      await until('the young log', () => service.values('id').length === 1)
      await until('the refusals', () => after.status().spool?.rejected === 3)
      assert.deepEqual(service.values('id'), ['4'])
      await spooled.close()
    })
  }
})
