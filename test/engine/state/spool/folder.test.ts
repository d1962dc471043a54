import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { crc32, portableCrc32 } from '../../../../engine/state/spool/crc32'
import { FolderDisk } from '../../../../engine/state/spool/disk'
import { FolderLock } from '../../../../engine/state/spool/folder-lock'
import type { SpoolEntry } from '../../../../engine/state/spool/record'
import { Spool } from '../../../../engine/state/spool/spool'
import type { SpoolDamage } from '../../../../engine/state/spool/spool-contents'
import { FragileDisk } from './fragile-disk'

function entry(id: number, size = 1000): SpoolEntry {
  const body = Buffer.alloc(size, id)
  return {
    logstore: 'access',
    hashKey: undefined,
    lane: id,
    logs: 1,
    rawSize: size,
    compression: 'none',
    time: Date.now(),
    firstLog: id,
    lastLog: id,
    body
  }
}

/** What all open files have in common. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await openFile(__filename)
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

describe('The folder of a spool', () => {
  let folder: string

  beforeEach(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'sls-spool-')), 'made', 'at', 'need')
  })

  afterEach(() => rm(path.dirname(path.dirname(path.dirname(folder))), { recursive: true, force: true }))

  const open = (damage: SpoolDamage[] = [], limit = 1_000_000) =>
    Spool.open({ disk: new FolderDisk(folder), limit, onDamage: (one) => damage.push(one) })

  async function ids(spool: Spool): Promise<number[]> {
    const reader = spool.reader()
    const found: number[] = []
    try {
      for (let record = await reader.next(); record !== undefined; record = await reader.next()) {
        found.push(record.body.readUInt8(0))
        spool.settle(record)
      }
    } finally {
      await reader.close()
    }
    return found
  }

  it('is made where it is missing, for its owner alone', async () => {
    const spool = await open()
    await spool.append(entry(1))
    assert.equal((await stat(folder)).mode & 0o077, 0)
    const [name = ''] = await readdir(folder)
    assert.equal((await stat(path.join(folder, name))).mode & 0o077, 0)
    await spool.close()
  })

  it('gives back what was written, over many segments, and is empty then', async () => {
    const spool = await open([], 200_000)
    const appended = Array.from({ length: 100 }, (_, id) => spool.append(entry(id)))
    await Promise.all(appended)
    await spool.close()
    assert.ok((await readdir(folder)).filter((name) => name.endsWith('.spool')).length > 3)
    const next = await open([], 200_000)
    assert.equal(next.left.logs, 100)
    assert.deepEqual(
      await ids(next),
      Array.from({ length: 100 }, (_, id) => id)
    )
    await next.close()
    assert.deepEqual(await readdir(folder), ['drained.json'])
  })

  it('is written no more once it is closed, also by who waited for room', async () => {
    const disk = new FolderDisk(folder)
    let clear: () => void = () => undefined
    const clearing = new Promise<void>((resolve) => {
      clear = resolve
    })
    const remove = disk.remove.bind(disk)
    disk.remove = async (name) => {
      await clearing
      await remove(name)
    }
    const spool = await Spool.open({ disk, limit: 65_536, onDamage: () => undefined })
    await spool.append(entry(1, 60_000))
    assert.deepEqual(await ids(spool), [1])
    const waiting = assert.rejects(spool.append(entry(2, 10_000)), { code: 'Spool', message: /closed/ })
    const closed = spool.close()
    clear()
    await Promise.all([waiting, closed])
    await assert.rejects(spool.append(entry(3)), { code: 'Spool', message: /closed/ })
    assert.deepEqual(await readdir(folder), ['drained.json'])
  })

  it('lets those who read wait for a file that is still being made, however late they come', async () => {
    const disk = new FolderDisk(folder)
    let begun: () => void = () => undefined
    let make: () => void = () => undefined
    const beginning = new Promise<void>((resolve) => {
      begun = resolve
    })
    const making = new Promise<void>((resolve) => {
      make = resolve
    })
    const create = disk.create.bind(disk)
    disk.create = async (name) => {
      begun()
      await making
      return create(name)
    }
    const damage: SpoolDamage[] = []
    const spool = await Spool.open({ disk, limit: 1_000_000, onDamage: (one) => damage.push(one) })
    const reader = spool.reader()
    const first = spool.append(entry(1))
    await beginning
    assert.equal(await reader.next(), undefined)
    const later = spool.readerFromHere(reader)
    assert.equal(await later.next(), undefined)
    make()
    await first
    await spool.append(entry(2))
    assert.ok(spool.used > 2000)
    assert.equal((await reader.next())?.head.firstLog, 1)
    assert.deepEqual([await reader.next(), reader.finished], [undefined, true])
    assert.equal((await later.next())?.head.firstLog, 2)
    assert.deepEqual(damage, [])
    await later.close()
    await spool.close()
  })

  it('loses its torn end, and says so, and nothing else', async () => {
    const spool = await open()
    for (let id = 0; id < 5; id++) await spool.append(entry(id))
    await spool.close()
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.spool'))
    const file = path.join(folder, name)
    const content = await readFile(file)
    await writeFile(file, content.subarray(0, content.length - 7))
    // Where a crash tore it, nothing says that it was closed.
    await rm(path.join(folder, 'drained.json'))
    const damage: SpoolDamage[] = []
    const next = await open(damage)
    assert.deepEqual(
      damage.map(({ kind, bytes }) => [kind, bytes]),
      [['cut', content.length / 5 - 7]]
    )
    assert.deepEqual(await ids(next), [0, 1, 2, 3])
    await next.close()
  })

  it('keeps a damaged file aside once all else in it is drained, and leaves files alone that are not its own', async () => {
    await mkdir(folder, { recursive: true })
    for (const name of ['notes.txt', '1.spool', 'x00000001.spool', '00000009.spool.bak'])
      await writeFile(path.join(folder, name), 'not of the spool')
    const spool = await open()
    for (let id = 0; id < 5; id++) await spool.append(entry(id))
    await spool.close()
    const file = path.join(folder, '00000001.spool')
    const content = await readFile(file)
    content.writeUInt8(255, Math.floor(content.length / 2))
    await writeFile(file, content)
    const damage: SpoolDamage[] = []
    const next = await open(damage)
    assert.deepEqual(await ids(next), [0, 1, 3, 4])
    assert.deepEqual(
      damage.map(({ kind, logs }) => [kind, logs]),
      [['damaged', 1]]
    )
    await next.close()
    assert.deepEqual((await readFile(`${file}.damaged`)).equals(content), true)
    for (const name of ['notes.txt', '1.spool', 'x00000001.spool', '00000009.spool.bak'])
      assert.equal(await readFile(path.join(folder, name), 'utf8'), 'not of the spool')
  })

  it('loses what the disk fails to read for a minute, keeps the file aside, and loses nothing by a fault that passes', async () => {
    const spool = await open()
    for (let id = 0; id < 40; id++) await spool.append(entry(id))
    await spool.close()
    const prototype = await fileHandles()
    const { read } = prototype
    let isBad = (_block: number) => false
    prototype.read = async function (this: FileHandle, ...given: unknown[]) {
      const [, , length, position] = given as [Buffer, number, number, number]
      for (let block = Math.floor(position / 4096); block * 4096 < position + length; block++)
        if (isBad(block)) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      return (read as (...given: unknown[]) => unknown).apply(this, given)
    } as FileHandle['read']
    try {
      let now = 0
      const damage: SpoolDamage[] = []
      const disk = new FolderDisk(folder, () => now)
      const openAgain = () => Spool.open({ disk, limit: 1_000_000, onDamage: (one) => void damage.push(one) })
      isBad = () => true
      await assert.rejects(openAgain(), { code: 'Spool', message: /EIO/ })
      isBad = () => false
      now += 60_000
      const next = await openAgain()
      assert.equal(next.left.logs, 40)
      isBad = (block) => block === 5
      await assert.rejects(ids(next), /EIO/)
      now += 60_000
      const left = await ids(next)
      await next.close()
      // What lies in the block, in part or as a whole.
      const lost = (id: number) => id * 1078 < 6 * 4096 && (id + 1) * 1078 > 5 * 4096
      const all = Array.from({ length: 40 }, (_, id) => id)
      assert.deepEqual(
        left,
        all.filter((id) => !lost(id))
      )
      assert.ok(damage.every(({ kind, file }) => kind === 'damaged' && file === '00000001.spool'))
      assert.ok(damage.length > 0)
    } finally {
      prototype.read = read
    }
  })

  const harms: [what: string, harm: (file: string) => Promise<void>, left: number][] = [
    ['emptied', (file) => writeFile(file, ''), 0],
    ['deleted', (file) => rm(file), 0],
    ['cut short', async (file) => writeFile(file, (await readFile(file)).subarray(0, 2 * 1078 + 5)), 2],
    ['zeroed at its end', async (file) => writeFile(file, (await readFile(file)).fill(0, 3 * 1078 + 500)), 3]
  ]
  for (const [what, harm, kept] of harms) {
    it(`says what is lost with a file that was ${what} while nobody used it`, async () => {
      const spool = await open()
      for (let id = 0; id < 5; id++) await spool.append(entry(id))
      await spool.close()
      await harm(path.join(folder, '00000001.spool'))
      const damage: SpoolDamage[] = []
      const next = await open(damage)
      assert.equal((await ids(next)).length, kept)
      assert.equal(
        damage.reduce((sum, { logs }) => sum + logs, 0),
        5 - kept
      )
      assert.ok(damage.every(({ kind }) => kind === 'damaged'))
      await next.close()
      const later: SpoolDamage[] = []
      await (await open(later)).close()
      assert.deepEqual(later, [])
    })
  }

  it('says what is lost with a file that is deleted', async () => {
    const spool = await open([], 200_000)
    await Promise.all(Array.from({ length: 100 }, (_, id) => spool.append(entry(id))))
    await spool.close()
    const damage: SpoolDamage[] = []
    const next = await open(damage, 200_000)
    await rm(path.join(folder, '00000002.spool'))
    const left = await ids(next)
    assert.deepEqual(
      damage.map(({ kind, logs }) => [kind, logs]),
      [['vanished', 100 - left.length]]
    )
    assert.equal(next.left.records, 0)
    await next.close()
  })

  it('cannot be where a file is: the error names it and the option', async () => {
    await mkdir(path.dirname(folder), { recursive: true })
    await writeFile(folder, 'a file')
    await assert.rejects(open(), { code: 'Spool', field: 'spoolPath', message: new RegExp(folder) })
  })

  it('tells that its disk is full, and goes on once there is room', async () => {
    const disk = new FragileDisk(() => 0)
    const spool = await Spool.open({ disk, limit: 1_000_000, onDamage: () => assert.fail() })
    await spool.append(entry(1))
    disk.room = 500
    await assert.rejects(spool.append(entry(2)), { code: 'Spool', field: 'spoolPath', hint: /disk is full/ })
    disk.room = undefined
    await spool.append(entry(3))
    assert.deepEqual(await ids(spool), [1, 3])
    await spool.close()
  })

  it('has room again for what is drained once its files can be removed, however late that is', async () => {
    const disk = new FolderDisk(folder)
    const remove = disk.remove.bind(disk)
    disk.remove = async () => {
      throw Object.assign(new Error('EBUSY: in use'), { code: 'EBUSY' })
    }
    const spool = await Spool.open({ disk, limit: 65_536, onDamage: () => undefined })
    for (let id = 0; id < 6; id++) await spool.append(entry(id, 10_000))
    assert.equal((await ids(spool)).length, 6)
    await assert.rejects(spool.append(entry(6, 10_000)), { code: 'Spool', field: 'spoolBytes' })
    disk.remove = remove
    await spool.append(entry(7, 10_000))
    assert.deepEqual([await ids(spool), spool.used], [[7], 10_078])
    await spool.close()
  })

  it('syncs what is written together in one go', async () => {
    const disk = new FragileDisk(() => 0)
    const spool = await Spool.open({ disk, limit: 1_000_000, onDamage: () => assert.fail() })
    await spool.append(entry(0))
    disk.syncs = 0
    await Promise.all(Array.from({ length: 50 }, (_, id) => spool.append(entry(id))))
    assert.equal(disk.syncs, 1)
    await spool.close()
  })

  it('belongs to one at a time, and again to anybody when its owner was killed', async () => {
    await mkdir(folder, { recursive: true })
    const first = await FolderLock.take(folder)
    assert.ok(first)
    assert.equal(await FolderLock.take(folder), undefined)
    await first.release()
    const module = path.resolve('build/engine/state/spool/folder-lock.js')
    const script = `require(${JSON.stringify(module)}).FolderLock.take(${JSON.stringify(folder)})
      .then((lock) => { console.log(lock !== undefined); setInterval(() => {}, 1000) })`
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [said] = await once(owner.stdout, 'data')
      assert.equal(String(said).trim(), 'true')
      assert.equal(await FolderLock.take(folder), undefined)
    } finally {
      owner.kill('SIGKILL')
      await once(owner, 'exit')
    }
    const next = await FolderLock.take(folder)
    assert.ok(next)
    await next.release()
  })

  it('is free of a lock whose process number another process has now, or an earlier one of this number had', async () => {
    await mkdir(folder, { recursive: true })
    const file = path.join(folder, 'lock')
    const stale = { id: 'x', host: hostname(), started: 'at another time' }
    for (const pid of [process.ppid, process.pid]) {
      await writeFile(file, JSON.stringify({ ...stale, pid }))
      const lock = await FolderLock.take(folder)
      assert.ok(lock, String(pid))
      await lock.release()
    }
  })

  it('is free of the lock of another machine once that shows no sign of life', async () => {
    await mkdir(folder, { recursive: true })
    const file = path.join(folder, 'lock')
    await writeFile(file, JSON.stringify({ id: 'x', host: 'another', pid: 1, started: '' }))
    assert.equal(await FolderLock.take(folder), undefined)
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(file, longAgo, longAgo)
    const lock = await FolderLock.take(folder)
    assert.ok(lock)
    await lock.release()
  })

  it('is free of the lock of another machine whose clock was ahead, once that shows no sign of life', async () => {
    await mkdir(folder, { recursive: true })
    const file = path.join(folder, 'lock')
    await writeFile(file, JSON.stringify({ id: 'x', host: 'another', pid: 1, started: '' }))
    const touch = async (ahead: number) => {
      const time = new Date(Date.now() + ahead)
      await utimes(file, time, time)
    }
    let now = 0
    const take = () => FolderLock.take(folder, () => now)
    await touch(3_600_000)
    assert.equal(await take(), undefined)
    now += 29_000
    await touch(3_605_000)
    assert.equal(await take(), undefined)
    now += 29_000
    assert.equal(await take(), undefined)
    now += 1000
    const lock = await take()
    assert.ok(lock)
    await lock.release()
  })

  it('belongs to one at a time on a full disk, too, and the lock does not stay', async () => {
    await mkdir(folder, { recursive: true })
    const prototype = await fileHandles()
    const write = prototype.writeFile
    prototype.writeFile = async () => {
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    }
    try {
      const lock = await FolderLock.take(folder)
      assert.ok(lock)
      assert.equal(await FolderLock.take(folder), undefined)
      await lock.release()
    } finally {
      prototype.writeFile = write
    }
    assert.deepEqual(await readdir(folder), [])
  })
})

describe('CRC-32', () => {
  it('is that of zip and PNG, with and without the help of the runtime', () => {
    const check = Buffer.from('123456789')
    assert.equal(portableCrc32(check), 0xcbf43926)
    assert.equal(crc32(check), 0xcbf43926)
    assert.equal(portableCrc32(check.subarray(4), portableCrc32(check.subarray(0, 4))), 0xcbf43926)
    assert.equal(portableCrc32(Buffer.alloc(0)), 0)
  })
})
