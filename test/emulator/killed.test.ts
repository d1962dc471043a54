import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { runs } from '../support/counts'
import { RawClient } from './raw-client'
import { decodeGroups, encodeGroup } from './world'

const cli = path.resolve('dist/emulator/cli.js')
const WRITERS = 4

interface Announcement {
  endpoint: string
  project: string
  accessKeyId: string
  accessKeySecret: string
}

/** The emulator as a process of its own that is killed in the midst of writes. */
describe('a killed emulator', function () {
  this.timeout(runs(60_000, 600_000))
  const folder = mkdtempSync(path.join(tmpdir(), 'sls-emulator-killed-'))
  let child: ChildProcess | undefined
  after(() => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(): Promise<RawClient> {
    child = spawn(process.execPath, [cli, '--port', '0', '--data', folder, '--logstore', 'access:2'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    if (child.stdout === null) throw new Error('no stdout')
    const ended = once(child, 'exit').then(([code]) => assert.fail(`the emulator ended with ${code}`))
    ended.catch(() => undefined)
    const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string]
    const { endpoint, ...announced } = JSON.parse(line) as Announcement
    return new RawClient({ ...announced, port: Number(new URL(endpoint).port) })
  }

  async function kill(): Promise<void> {
    const exited = child === undefined ? [] : once(child, 'exit')
    child?.kill('SIGKILL')
    await exited
  }

  /** Writes, one after the other, until the connection breaks; the texts that were answered. */
  async function write(client: RawClient, name: string, answered: Set<string>): Promise<void> {
    for (let i = 0; ; i++) {
      const text = `${name}-${i}`
      const body = encodeGroup({
        Logs: [{ Time: Math.floor(Date.now() / 1000), Contents: contentsOf(text) }]
      })
      const headers = { 'content-type': 'application/x-protobuf' }
      const sent = client.send({ method: 'POST', target: '/logstores/access', headers, body })
      const answer = await sent.catch(() => undefined)
      if (answer === undefined) return
      assert.equal(answer.status, 200)
      answered.add(text)
    }
  }

  async function storedTexts(client: RawClient): Promise<string[]> {
    const texts: string[] = []
    for (const shard of [0, 1]) {
      const base = `/logstores/access/shards/${shard}`
      let { cursor } = await client.json<{ cursor: string }>({ target: `${base}?type=cursor&from=begin` })
      for (;;) {
        const target = `${base}?type=log&count=1000&cursor=${encodeURIComponent(cursor)}`
        const answer = await client.send({ target })
        const next = String(answer.headers['x-log-cursor'])
        if (next === cursor) break
        cursor = next
        for (const { Logs } of await decodeGroups(answer)) {
          for (const { Contents } of Logs) texts.push(wholeText(Contents))
        }
      }
    }
    return texts
  }

  it('has every write that it answered, in whole, after a restart, and goes on', async () => {
    const answered = new Set<string>()
    for (let life = 0; life < runs(3, 30); life++) {
      const client = await start()
      const stored = await storedTexts(client)
      assert.equal(new Set(stored).size, stored.length, 'nothing twice')
      for (const text of answered) assert.ok(stored.includes(text), `${text} is missing in life ${life}`)
      const writers = Array.from({ length: WRITERS }, (_, i) => write(client, `${life}-${i}`, answered))
      while (answered.size < (life + 1) * 50) await new Promise((resolve) => setTimeout(resolve, 1))
      await kill()
      await Promise.all(writers)
      client.close()
    }
  })
})

/** A text with a filling that belongs to it, long enough for a kill to fall into the middle of its record. */
function contentsOf(text: string): { Key: string; Value: string }[] {
  const filling = createHash('sha256').update(text).digest('hex').repeat(300)
  return [
    { Key: 'text', Value: text },
    { Key: 'filling', Value: filling }
  ]
}

function wholeText(contents: { Key: string; Value: string }[]): string {
  const text = contents[0]?.Value ?? ''
  assert.deepEqual(contents, contentsOf(text))
  return text
}
