import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { runs } from '../support/counts'

interface Ledger {
  readonly sent: number
  readonly returned: number
  readonly altered: number
  readonly duplicated: number
  readonly underway: number
  send(index: number, bytes: Buffer): void
  arrive(index: number, bytes: Buffer): void
}

type Log = Record<string, string>

interface Lines {
  linesOf(file: string): AsyncIterable<Buffer>
  logOfLine(run: string, index: number, line: Buffer): Log
  lineOfLog(run: string, log: Log): { index: number; bytes: Buffer } | undefined
}

async function script<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(path.resolve('scripts/demo', file)).href)) as T
}

describe('The check of a file', () => {
  let ledger: Ledger
  let lines: Lines
  let folder: string

  before(async () => {
    lines = await script<Lines>('lines.mjs')
    folder = await mkdtemp(path.join(os.tmpdir(), 'sls-lines-'))
  })

  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    const { Ledger } = await script<{ Ledger: new () => Ledger }>('ledger.mjs')
    ledger = new Ledger()
    ledger.send(0, Buffer.from('zero'))
    ledger.send(1, Buffer.from('same'))
    ledger.send(2, Buffer.from('same'))
  })

  it('counts a line that came back once', () => {
    ledger.arrive(0, Buffer.from('zero'))
    assert.deepEqual([ledger.returned, ledger.duplicated, ledger.underway], [1, 0, 2])
  })

  it('tells equal lines apart', () => {
    ledger.arrive(1, Buffer.from('same'))
    ledger.arrive(1, Buffer.from('same'))
    assert.deepEqual([ledger.returned, ledger.duplicated, ledger.underway], [1, 1, 2])
  })

  it('notices a line that came back with other bytes, and does not count it as back', () => {
    ledger.arrive(0, Buffer.from('zer0'))
    assert.deepEqual([ledger.returned, ledger.altered, ledger.duplicated, ledger.underway], [0, 1, 0, 3])
  })

  it('takes any bytes apart into lines that put together are the file', async () => {
    const piece = fc.oneof(
      fc.constant(Buffer.from('\n')),
      fc.constant(Buffer.from('\r\n')),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => Buffer.from(text))
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const whole = Buffer.concat(pieces)
        const file = path.join(folder, 'any')
        await writeFile(file, whole)
        const read: Buffer[] = []
        for await (const line of lines.linesOf(file)) read.push(line)
        const endsWithLine = whole.at(-1) === 0x0a
        const together = read.flatMap((line, n) => (n === 0 ? [line] : [Buffer.from('\n'), line]))
        assert.deepEqual(Buffer.concat([...together, ...(endsWithLine ? [Buffer.from('\n')] : [])]), whole)
        assert.ok(read.every((line) => !line.includes(0x0a)))
      }),
      { numRuns: runs(200, 5000) }
    )
  })

  it('carries a line of any bytes in the texts of a log, and knows those of other runs', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ maxLength: 20 }), (index, bytes) => {
        const line = Buffer.from(bytes)
        const log = JSON.parse(JSON.stringify(lines.logOfLine('this', index, line))) as Log
        assert.deepEqual(lines.lineOfLog('this', log), { index, bytes: line })
        assert.equal(lines.lineOfLog('another', log), undefined)
      }),
      { numRuns: runs(1000, 20_000) }
    )
  })
})
