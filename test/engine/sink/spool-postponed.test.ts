import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { SinkOptions } from '../../../engine/sink/options'
import type { SlsSink } from '../../../engine/sink/sink'
import { FolderDisk } from '../../../engine/state/spool/disk'
import { FakeClock } from './support/fake-clock'
import { refusals } from './support/fake-service'
import { log } from './support/logs'
import { Spooled, until } from './support/spooled'

describe('Logs on disk whose logstore is missing', () => {
  let spooled: Spooled
  let clock: FakeClock
  let isThere: boolean

  beforeEach(async () => {
    spooled = await Spooled.start()
    clock = new FakeClock()
    isThere = false
    spooled.service.answer = () => (isThere ? undefined : refusals.noLogstore())
  })

  afterEach(() => spooled.close())

  /** Lets time pass until it is so. */
  const untilLater = (what: string, isSo: () => boolean) =>
    until(what, async () => {
      await clock.advance(500)
      return isSo()
    })

  async function sinkWith(ids: readonly number[], options: Partial<SinkOptions> = {}): Promise<SlsSink> {
    const sink = spooled.sink({ clock, random: () => 1, concurrency: 1, maxLines: 1, ...options })
    await until('the disk', () => sink.status().spool?.state === 'ready')
    await write(sink, ids)
    return sink
  }

  async function write(sink: SlsSink, ids: readonly number[]): Promise<void> {
    let done = 0
    const writes = ids.map((id) => sink.write({ logs: [log(id)] }).then(() => done++))
    await untilLater('the writes', () => done === ids.length)
    await Promise.all(writes)
  }

  const calls = (count: number) =>
    untilLater(`${count} calls`, () => spooled.service.received.length >= count)

  it('arrive although the one that was to be tried is damaged', async () => {
    const sink = await sinkWith([0, 1, 2])
    await calls(3)
    const file = path.join(spooled.path, (await spooled.files())[0] ?? '')
    const content = await readFile(file)
    const middle = Math.floor(content.length / 3) - 5
    content.writeUInt8(content.readUInt8(middle) ^ 0xff, middle)
    await writeFile(file, content)
    isThere = true
    await untilLater('the others', () => spooled.service.values('id').length === 2)
    assert.deepEqual(spooled.service.values('id'), ['1', '2'])
    assert.equal(sink.status().spool?.lost, 1)
  })

  it('arrive although the one that was to be tried could not be read at once', async () => {
    await sinkWith([0, 1, 2])
    await calls(3)
    const { open } = FolderDisk.prototype
    let refused = 0
    FolderDisk.prototype.open = async function (name) {
      if (refused++ > 0) return open.call(this, name)
      throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
    }
    try {
      isThere = true
      await untilLater('all of them', () => spooled.service.values('id').length === 3)
    } finally {
      FolderDisk.prototype.open = open
    }
    assert.ok(refused > 1)
    assert.deepEqual(spooled.service.values('id'), ['0', '1', '2'])
  })

  it('arrive although the one that was tried got too old meanwhile', async () => {
    const sink = await sinkWith([0], {
      spoolMaxAge: 95,
      retry: { maxRetries: 10, baseRetryBackoff: 5000, maxRetryBackoff: 5000 }
    })
    await untilLater('its end', () => sink.status().spool?.expired === 1)
    isThere = true
    await write(sink, [1])
    await untilLater('the later one', () => spooled.service.values('id').length === 1)
    assert.deepEqual(spooled.service.values('id'), ['1'])
  })
})
