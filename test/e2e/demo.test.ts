import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

interface Run {
  code: number | null
  output: string
  lastLine: string
}

/** `npm start -- ARGS`; `onLine` sees each line as it is printed and may stop the demo. */
async function demo(
  args: readonly string[],
  onLine?: (line: string, stop: () => void) => void
): Promise<Run> {
  const child = spawn(process.execPath, ['scripts/start.mjs', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let seen = 0
  const take = (chunk: Buffer) => {
    output += chunk.toString('utf8')
    const lines = output.split('\n').slice(0, -1)
    for (const line of lines.slice(seen)) onLine?.(line, () => child.kill('SIGINT'))
    seen = lines.length
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' }
}

/** The ports that the demo said it was using, by the addresses it printed. */
function addresses(output: string): URL[] {
  return [...output.matchAll(/^(?:Emulator|Node-RED) +(http:\S+)/gm)].map(
    (match) => new URL(String(match[1]))
  )
}

async function answers(address: URL): Promise<boolean> {
  return await fetch(address).then(
    () => true,
    () => false
  )
}

describe('The demo', function () {
  this.timeout(90_000)
  let folder: string

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'sls-demo-test-'))
  })

  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it('brings back every line of a file byte for byte, stops everything and leaves nothing running', async () => {
    const lines = [
      Buffer.from('an ordinary line'),
      Buffer.from('the same line twice'),
      Buffer.from('the same line twice'),
      Buffer.from('with a carriage return\r'),
      Buffer.from(''),
      Buffer.from(''),
      Buffer.from('  blanks around  '),
      Buffer.from('日志服务 🚀 é é'),
      Buffer.from('\uFEFFa byte order mark'),
      Buffer.from([0x00, 0x01, 0x7f]),
      Buffer.from([0xff, 0xfe, 0x61, 0xc3]),
      Buffer.from('{"looks": "like JSON"}'),
      Buffer.from('x'.repeat(200_000)),
      ...Array.from({ length: 3000 }, (_, n) => Buffer.from(`line ${n}`)),
      Buffer.from('no line feed at the end')
    ]
    const file = path.join(folder, 'lines')
    await writeFile(
      file,
      Buffer.concat(lines.flatMap((line, n) => (n === 0 ? [line] : [Buffer.from('\n'), line])))
    )

    const { code, output, lastLine } = await demo(['--file', file, '--for', '60'])
    const result = JSON.parse(lastLine) as Record<string, number>
    const { seconds, ...counts } = result
    assert.deepEqual(counts, { written: lines.length, read: lines.length, lost: 0, duplicated: 0 }, output)
    assert.ok(typeof seconds === 'number' && seconds > 0)
    assert.equal(code, 0)
    const used = addresses(output)
    assert.equal(used.length, 2)
    for (const address of used) assert.equal(await answers(address), false, address.href)
  })

  it('has nothing to bring back from an empty file', async () => {
    const file = path.join(folder, 'empty')
    await writeFile(file, '')
    const { code, lastLine } = await demo(['--file', file])
    assert.deepEqual(JSON.parse(lastLine), { written: 0, read: 0, lost: 0, duplicated: 0, seconds: 0 })
    assert.equal(code, 0)
  })

  it('says what is lost when the time is too short, and fails', async () => {
    const file = path.join(folder, 'many')
    await writeFile(file, 'a line\n'.repeat(20_000))
    const { code, output, lastLine } = await demo(['--file', file, '--for', '0.05'])
    assert.match(lastLine, /^\{/, output)
    const result = JSON.parse(lastLine) as Record<string, number>
    assert.equal(result['lost'], 20_000 - Number(result['read']))
    assert.ok(Number(result['lost']) > 0)
    assert.equal(code, 1)
  })

  it('takes other ports when its own are taken, shows what arrives, and stops on Ctrl-C', async () => {
    const servers = await Promise.all([1880, 9000].map(occupy))
    try {
      let page = ''
      let looking: Promise<void> | undefined
      const { code, output } = await demo([], (line, stop) => {
        const address = /What arrives +(\S+)/.exec(line)?.[1]
        if (address === undefined) return
        looking = fetch(address)
          .then(async (response) => {
            page = await response.text()
          })
          .finally(stop)
      })
      await looking
      assert.match(page, /<title>SLS demo<\/title>/)
      const used = addresses(output)
      assert.deepEqual(
        used.map(({ port }) => ['1880', '9000'].includes(port)),
        [false, false]
      )
      assert.equal(output.match(/port \d+ is taken/g)?.length, 2)
      for (const address of used) assert.equal(await answers(address), false, address.href)
      assert.equal(code, 0)
    } finally {
      for (const server of servers) server?.close()
    }
  })

  for (const [what, args, complaint] of [
    ['an unknown option', ['--fiel', 'x'], /--fiel/],
    ['a file that is not there', ['--file', '/nowhere/to/be/found'], /cannot read \/nowhere.*ENOENT/],
    ['a folder for a file', ['--file', os.tmpdir()], /is not a file/],
    ['a time that is none', ['--for', 'soon'], /--for.*"soon"/]
  ] as const) {
    it(`refuses ${what} at once, and says how it is called`, async () => {
      const { code, output } = await demo(args)
      assert.match(output, complaint)
      assert.match(output, /Usage: npm start/)
      assert.equal(code, 2)
    })
  }
})

/** Holds a port of 127.0.0.1; undefined where somebody else holds it already. */
async function occupy(port: number): Promise<net.Server | undefined> {
  const server = net.createServer((socket) => socket.destroy())
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
