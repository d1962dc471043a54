import assert from 'node:assert/strict'
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { SlsError } from '../../../engine/client/errors'
import { FolderDisk } from '../../../engine/state/spool/disk'
import { FakeClock } from './support/fake-clock'
import { refusals, valuesOf } from './support/fake-service'
import { failureOf, log, logs, watch } from './support/logs'
import { Spooled, until } from './support/spooled'

const sorted = (values: string[]) => values.map(Number).sort((a, b) => a - b)
const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, index) => first + index)

describe('A sink with a spool', () => {
  let spooled: Spooled

  beforeEach(async () => {
    spooled = await Spooled.start()
  })

  afterEach(() => spooled.close())

  describe('that puts everything on disk first', () => {
    it('accepts logs before the service has them, and sends them', async () => {
      const { service } = spooled
      service.answer = () => new Promise(() => undefined)
      const sink = spooled.sink()
      const receipt = await sink.write({ logs: logs(10) })
      assert.deepEqual([receipt.logs, receipt.spooled, receipt.requestIds], [10, 10, []])
      assert.equal(service.accepted.length, 0)
      assert.equal(sink.status().spool?.logs, 10)
      await sink.close(50)
      service.answer = () => undefined
      const next = spooled.sink()
      await until('all logs', () => service.values('id').length === 10)
      await until('an empty spool', () => next.status().spool?.logs === 0)
      assert.equal(next.status().logs, 10)
      await next.close()
      assert.deepEqual(await spooled.files(), [])
    })

    it('sends nothing twice over clean restarts', async () => {
      const { service } = spooled
      for (let life = 0; life < 4; life++) {
        const sink = spooled.sink({ maxLines: 2, concurrency: 1 })
        await sink.write({ logs: logs(20, life * 20) })
        await sink.close(life % 2 === 0 ? 0 : 1000)
      }
      const last = spooled.sink()
      await until('all logs', () => service.values('id').length >= 80)
      await last.close()
      assert.deepEqual(sorted(service.values('id')), numbers(80))
    })

    it('sends nothing twice although it closes while calls are out, which no longer can be undone', async () => {
      const { service } = spooled
      const take = service.putLogs.bind(service)
      service.putLogs = async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return take(request)
      }
      for (let life = 0; life < 3; life++) {
        const sink = spooled.sink({ maxLines: 1, concurrency: 2 })
        await sink.write({ logs: logs(20, life * 20) })
        await sink.close(5000)
      }
      const last = spooled.sink()
      await until('all logs', () => service.values('id').length >= 60)
      await until('an empty spool', () => last.status().spool?.logs === 0)
      await last.close()
      assert.deepEqual(sorted(service.values('id')), numbers(60))
    })

    it('keeps the frame of a batch: topic, source, tags and hash key', async () => {
      const { service } = spooled
      const sink = spooled.sink({ compression: 'lz4' })
      const tags: [string, string][] = [
        ['site', 'a'],
        ['site', 'b']
      ]
      await sink.write({ topic: 't', source: 's', tags, hashKey: 'F'.repeat(32), logs: logs(3) })
      await until('the logs', () => service.accepted.length === 1)
      const [put] = service.accepted
      assert.deepEqual([put?.topic, put?.source, put?.tags, put?.logstore], ['t', 's', tags, 'access'])
      assert.equal(put?.hashKey, `fc${'0'.repeat(30)}`)
    })
  })

  describe('that uses the disk when it must', () => {
    it('does not touch it while the service takes everything', async () => {
      const sink = spooled.sink({ spool: 'overflow' })
      await Promise.all(numbers(20).map((id) => sink.write({ topic: String(id), logs: [log(id)] })))
      assert.equal(sink.status().spooled, 0)
      await sink.close()
      assert.deepEqual(await spooled.files(), [])
    })

    it('puts there what it holds once the service is out of reach, and sends it once it is back', async () => {
      const { service } = spooled
      service.answer = () => refusals.network()
      const sink = spooled.sink({ spool: 'overflow', maxLines: 10 })
      const receipts = await Promise.all(numbers(20).map((n) => sink.write({ logs: logs(10, n * 10) })))
      assert.ok(receipts.every((receipt) => receipt.spooled === 10))
      const { spool } = sink.status()
      assert.deepEqual([spool?.offline, spool?.logs], [true, 200])
      service.answer = () => undefined
      await until('all logs', () => service.values('id').length === 200)
      await until('an empty spool', () => sink.status().spool?.logs === 0)
      assert.deepEqual(sorted(service.values('id')), numbers(200))
      const direct = await sink.write({ logs: [log('direct')] })
      assert.equal(direct.spooled, 0)
    })

    it('makes room in a full buffer, whatever the policy', async () => {
      for (const overflow of ['wait', 'reject', 'dropOldest', 'spool'] as const) {
        const { service } = spooled
        service.answer = () => new Promise(() => undefined)
        const sink = spooled.sink({
          spool: 'overflow',
          overflow,
          totalBytes: 40_000,
          maxBlock: 0,
          concurrency: 1
        })
        await until('the spool', () => sink.status().spool?.state === 'ready')
        const text = 'x'.repeat(1000)
        const writes = numbers(60).map((id) =>
          sink.write({ topic: String(id), logs: [{ time: 1, contents: { id: String(id), text } }] })
        )
        // The one on the wire stays in memory, and what else there is room for.
        await until('room', () => sink.status().spooled >= 30 && sink.status().waitingWrites === 0)
        assert.ok(sink.status().memory.peak <= 40_000)
        assert.equal(sink.status().failed, 0)
        await sink.close(1200)
        await Promise.all(writes)
        service.answer = () => undefined
        const next = spooled.sink()
        await until('all logs', () => service.values('id').length >= 60)
        await next.close()
        assert.deepEqual(sorted(service.values('id')), numbers(60))
        service.accepted.length = 0
      }
    })

    it('keeps on disk what could not be sent before it had to close', async () => {
      const { service } = spooled
      service.answer = () => refusals.busy()
      const sink = spooled.sink({
        spool: 'overflow',
        flushInterval: 60_000,
        retry: { maxRetriesRetryable: -1 }
      })
      const write = sink.write({ logs: logs(5000) })
      const report = await sink.close(800)
      assert.deepEqual(report, { acceptedLogs: 0, spooledLogs: 5000, failedLogs: 0, failedWrites: 0 })
      assert.equal((await write).spooled, 5000)
    })

    it('also what is on the wire of a call that never ends', async () => {
      const { service } = spooled
      service.answer = () => new Promise(() => undefined)
      const sink = spooled.sink({ spool: 'overflow', maxLines: 100, concurrency: 2 })
      const write = sink.write({ logs: logs(1000) })
      await until('calls', () => service.inFlight === 2)
      const report = await sink.close(1200)
      assert.deepEqual([report.spooledLogs, report.failedLogs], [1000, 0])
      await write
      assert.equal(service.inFlight, 0)
    })
  })

  for (const spool of ['overflow', 'always'] as const) {
    it(`keeps the order of each key through outages and restarts (${spool})`, async () => {
      const { service } = spooled
      let calls = 0
      service.answer = async () => {
        await new Promise((resolve) => setImmediate(resolve))
        calls++
        return calls % 40 < 15 ? refusals.network() : undefined
      }
      const keys = numbers(5).map((key) => String(key).repeat(32))
      let written = 0
      for (let life = 0; life < 3; life++) {
        const sink = spooled.sink({
          spool,
          ordered: true,
          maxLines: 3,
          totalBytes: 30_000,
          adjustShardHash: false
        })
        const writes: Promise<unknown>[] = []
        for (let round = 0; round < 60; round++) {
          const hashKey = keys[round % keys.length] ?? ''
          writes.push(sink.write({ hashKey, topic: String(round % 2), logs: logs(4, written) }))
          written += 4
          if (round % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
        }
        await sink.close(5000)
        await Promise.all(writes)
      }
      const last = spooled.sink({ ordered: true })
      await until('all logs', () => service.values('id').length >= written)
      await last.close()
      assert.deepEqual(sorted(service.values('id')), numbers(written))
      for (const key of keys) {
        const arrived = service.accepted
          .filter(({ hashKey }) => hashKey === key)
          .flatMap((put) => valuesOf(put, 'id').map(Number))
        assert.deepEqual(
          arrived,
          [...arrived].sort((a, b) => a - b),
          `key ${key}`
        )
      }
    })
  }

  it('sets aside the log that the service refuses, and sends all others', async () => {
    const { service } = spooled
    service.answer = (put) => (valuesOf(put, 'id').includes('13') ? refusals.invalid() : undefined)
    const sink = spooled.sink()
    await sink.write({ topic: 'sensors', logs: logs(40) })
    await sink.write({ topic: 'other', logs: logs(10, 40) })
    await until('all but one', () => service.values('id').length === 49)
    await until('an empty spool', () => sink.status().spool?.logs === 0)
    assert.equal(sink.status().spool?.rejected, 1)
    const [event] = spooled.events.spoolRejected ?? []
    assert.deepEqual([event?.error.code, event?.logstore, event?.logs], ['PostBodyInvalid', 'access', 1])
    const lines = (await readFile(event?.file ?? '', 'utf8')).trim().split('\n')
    assert.equal(lines.length, 1)
    const kept = JSON.parse(lines[0] ?? '')
    assert.deepEqual(
      [kept.code, kept.status, kept.topic, kept.logs],
      ['PostBodyInvalid', 400, 'sensors', [{ time: 1_700_000_000, contents: [['id', '13']] }]]
    )
  })

  it('sets it aside in a line of its own, behind one that a crash tore', async () => {
    const file = path.join(spooled.path, 'rejected.jsonl')
    await mkdir(spooled.path)
    await writeFile(file, '{"time":"2026-01-01T00:00:00.000Z","code":"Post')
    spooled.service.answer = () => refusals.invalid()
    const sink = spooled.sink()
    await sink.write({ logs: logs(2) })
    await until(
      'an empty spool',
      () => sink.status().spool?.rejected === 2 && sink.status().spool?.logs === 0
    )
    const [torn, ...lines] = (await readFile(file, 'utf8')).trim().split('\n')
    assert.throws(() => JSON.parse(torn ?? ''))
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).logs[0].contents),
      [[['id', '0']], [['id', '1']]]
    )
  })

  it('keeps what something that is not the service refuses', async () => {
    const { service } = spooled
    const portal = () => new SlsError('BadResponse', 'log in first', { status: 400, retryability: 'never' })
    service.answer = () => portal()
    const first = spooled.sink()
    await first.write({ logs: logs(5) })
    await until('a refusal', () => service.received.length > 0)
    await first.close(50)
    assert.equal(first.status().spool?.rejected, 0)
    service.answer = () => undefined
    const sink = spooled.sink()
    await until('all logs', () => service.values('id').length === 5)
    await sink.close()
  })

  it('lets a logstore that is missing hold up no other, and sends all of it once it is there', async () => {
    const { service } = spooled
    let isThere = false
    service.answer = ({ logstore }) => (logstore === 'late' && !isThere ? refusals.noLogstore() : undefined)
    const first = spooled.sink()
    for (let n = 0; n < 30; n++) await first.write({ logstore: n % 2 ? 'late' : 'access', logs: [log(n)] })
    await until('the others', () => service.values('id').length === 15)
    await until('a retry', () => (spooled.events.retry ?? []).some(({ attempt }) => attempt > 2))
    assert.equal(first.status().spool?.logs, 15)
    assert.equal(first.status().failed, 0)
    await first.close(100)
    isThere = true
    const sink = spooled.sink()
    await until('all logs', () => service.values('id').length === 30)
    await sink.close()
    assert.deepEqual(sorted(service.values('id')), numbers(30))
  })

  it('gives up what is older than it may be, and says so', async () => {
    const { service } = spooled
    service.answer = () => refusals.network()
    const first = spooled.sink()
    await first.write({ logs: logs(7) })
    await first.close(20)
    service.answer = () => undefined
    const later = { now: () => performance.now(), date: () => Date.now() + 100_000 }
    const sink = spooled.sink({
      spoolMaxAge: 60,
      clock: {
        ...later,
        after: (delay, task) => {
          const timer = setTimeout(task, delay)
          return () => clearTimeout(timer)
        }
      }
    })
    await until('the end of them', () => sink.status().spool?.expired === 7)
    await until('the event', () => spooled.events.spoolExpired?.length === 1)
    assert.equal(spooled.events.spoolExpired?.[0]?.logs, 7)
    assert.equal(sink.status().spool?.logs, 0)
    assert.equal(service.accepted.length, 0)
  })

  it('gives up nothing since the clock was set, but what was written so long before', async () => {
    const clock = new FakeClock()
    let ahead = 0
    const date = clock.date.bind(clock)
    clock.date = () => date() + ahead
    const later = (what: string, isSo: () => boolean) =>
      until(what, async () => {
        await clock.advance(1000)
        return isSo()
      })
    const { service } = spooled
    service.answer = () => refusals.network()
    const sink = spooled.sink({ clock, spoolMaxAge: 60 })
    await until('the disk', () => sink.status().spool?.state === 'ready')
    const write = async (id: number) => {
      const written = watch(sink.write({ logs: [log(id)] }))
      await later('the disk', () => written.state === 'resolved')
    }
    await write(0)
    await clock.advance(40_000)
    await write(1)
    ahead = 7 * 86_400_000
    await later('the end of the older one', () => sink.status().spool?.expired === 1)
    assert.ok(clock.now() > 60_000)
    service.answer = () => undefined
    await later('the other', () => service.values('id').length > 0)
    assert.deepEqual(service.values('id'), ['1'])
    assert.deepEqual(
      spooled.events.spoolExpired?.map(({ logs }) => logs),
      [1]
    )
  })

  it('goes on in memory where the folder cannot be used, and says why', async () => {
    await writeFile(path.join(spooled.folder, 'spool'), 'a file')
    const sink = spooled.sink()
    const receipt = await sink.write({ logs: logs(5) })
    assert.equal(receipt.spooled, 0)
    await until('the event', () => spooled.events.spoolTrouble !== undefined)
    const error = spooled.events.spoolTrouble?.[0]?.error
    assert.deepEqual([error?.code, error?.field], ['Spool', 'spoolPath'])
    assert.ok(error?.message.includes(spooled.path), error?.message)
    assert.equal(sink.status().spool?.state, 'failing')
    assert.equal(await readFile(spooled.path, 'utf8'), 'a file')
  })

  it('goes on where the folder vanishes, and says what is lost with it', async () => {
    const { service } = spooled
    service.answer = () => refusals.network()
    const sink = spooled.sink({ concurrency: 1, retry: { maxRetriesRetryable: -1 } })
    await sink.write({ logs: logs(5) })
    await rm(spooled.path, { recursive: true })
    const second = sink.write({ logs: logs(5, 5) })
    await until('the event', () => spooled.events.spoolTrouble !== undefined)
    service.answer = () => undefined
    await second
    await until('the rest', () => sorted(service.values('id')).includes(9))
    await sink.write({ logs: logs(5, 10) })
    await until('the later ones', () => sorted(service.values('id')).includes(14))
  })

  it('waits with what has no room on disk, and fails no write for it', async () => {
    const { service } = spooled
    service.answer = () => refusals.network()
    const sink = spooled.sink({
      spoolBytes: 65_536,
      maxBlock: -1,
      maxLines: 10,
      totalBytes: 100_000,
      retry: { maxRetriesRetryable: -1 }
    })
    const text = 'x'.repeat(1000)
    const writes = numbers(300).map((id) =>
      sink.write({ logs: [{ time: 1, contents: { id: String(id), text } }] })
    )
    const settled = writes.map(watch)
    await until('a full spool', () => sink.status().spool?.state === 'full')
    assert.ok((sink.status().spool?.used ?? 0) <= 65_536)
    assert.equal(spooled.events.spoolTrouble?.[0]?.error.field, 'spoolBytes')
    assert.equal(settled.filter(({ state }) => state === 'rejected').length, 0)
    service.answer = () => undefined
    await Promise.all(writes)
    await until('all logs', () => service.values('id').length >= 300)
    assert.deepEqual(sorted(service.values('id')), numbers(300))
  })

  it('has room again once files can be removed, though by then nothing is left to be sent', async () => {
    const { remove } = FolderDisk.prototype
    FolderDisk.prototype.remove = async () => {
      throw Object.assign(new Error('EBUSY: in use'), { code: 'EBUSY' })
    }
    const sink = spooled.sink({ spoolBytes: 65_536 })
    const write = () => sink.write({ logs: [{ time: 1, contents: { text: 'x'.repeat(10_000) } }] })
    try {
      for (let n = 0; n < 7; n++) await write()
      await until('an end of it', () => {
        const { logs, spool } = sink.status()
        return logs === 7 && spool?.state === 'full' && spool.logs === 0
      })
    } finally {
      FolderDisk.prototype.remove = remove
    }
    await until('room', async () => (await write()).spooled === 1)
  })

  it('waits by its own clock until the lock of another machine is void', async () => {
    const clock = new FakeClock()
    const lock = path.join(spooled.path, 'lock')
    await mkdir(spooled.path)
    await writeFile(lock, JSON.stringify({ id: 'a', host: 'another machine', pid: 1, started: '' }))
    const inAYear = new Date(Date.now() + 365 * 86_400_000)
    await utimes(lock, inAYear, inAYear)
    const sink = spooled.sink({ clock })
    await until('the disk', async () => {
      await clock.advance(1000)
      return sink.status().spool?.state === 'ready'
    })
    assert.ok(clock.now() >= 30_000)
  })

  it('writes down what is drained once it can', async () => {
    const clock = new FakeClock()
    const { replace } = FolderDisk.prototype
    let refused = 0
    FolderDisk.prototype.replace = async () => {
      refused++
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    }
    const later = (what: string, isSo: () => boolean | Promise<boolean>) =>
      until(what, async () => {
        await clock.advance(100)
        return isSo()
      })
    const sink = spooled.sink({ clock })
    try {
      await until('the disk', () => sink.status().spool?.state === 'ready')
      const write = watch(sink.write({ logs: logs(3) }))
      await later('the logs', () => write.state === 'resolved' && sink.status().logs === 3)
      await later('an attempt', () => refused > 0)
    } finally {
      FolderDisk.prototype.replace = replace
    }
    const mark = path.join(spooled.path, 'drained.json')
    await later('the mark', async () => (await readFile(mark, 'utf8').catch(() => '')).includes('[[1,2]]'))
  })

  it('puts to disk what was on the wire as it closed, though its call was refused and waits to be repeated', async () => {
    const { service } = spooled
    let refuse: () => void = () => undefined
    service.answer = () =>
      new Promise((resolve) => {
        refuse = () => resolve(refusals.busy())
      })
    const retry = { baseRetryBackoff: 60_000, maxRetryBackoff: 60_000, maxRetriesRetryable: -1 }
    const sink = spooled.sink({ spool: 'overflow', overflow: 'wait', maxLines: 5, retry })
    await until('the disk', () => sink.status().spool?.state === 'ready')
    const write = watch(sink.write({ logs: logs(5) }))
    await until('the call', () => service.inFlight === 1)
    const closing = sink.close(2000)
    // It tries for half of the time, and then puts to disk what is not on the wire.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    refuse()
    const report = await closing
    assert.deepEqual([report.spooledLogs, report.failedLogs, write.state], [5, 0, 'resolved'])
  })

  it('never shares its folder', async () => {
    const { service } = spooled
    service.answer = () => refusals.network()
    const first = spooled.sink()
    await first.write({ logs: logs(5) })
    const second = spooled.sink()
    const waiting = watch(second.write({ logs: logs(5, 5) }))
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual([second.status().spool?.state, waiting.state], ['opening', 'pending'])
    await first.close(20)
    await until('its turn', () => second.status().spool?.state === 'ready')
    service.answer = () => undefined
    await until('all logs', () => service.values('id').length === 10)
  })

  it('names what is wrong with its options', async () => {
    const wrong = (options: object, field: string) =>
      assert.throws(() => spooled.sink(options), { code: 'InvalidOption', field })
    wrong({ spool: 'sometimes' }, 'spool')
    wrong({ spoolPath: '' }, 'spoolPath')
    wrong({ spoolPath: undefined }, 'spoolPath')
    wrong({ spoolBytes: 1000 }, 'spoolBytes')
    wrong({ spoolMaxAge: -1 }, 'spoolMaxAge')
    wrong({ spool: 'off', overflow: 'spool' }, 'overflow')
  })

  it('fails a write as ever where neither disk nor service takes it', async () => {
    await writeFile(path.join(spooled.folder, 'spool'), 'a file')
    spooled.service.answer = () => refusals.network()
    const sink = spooled.sink()
    const error = await failureOf(sink.write({ logs: logs(5) }))
    assert.equal(error.code, 'NetworkError')
  })
})
