import { strict as assert } from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ManagedProcess } from '../../e2e/child-process'
import { runs } from '../../support/counts'
import { LocalService, numbered } from './local-service'

const kills = runs(4, 50)
const perLife = 60
const groupSize = 4

describe('a source whose process is killed', () => {
  it('goes on from its local state: no log lost, and each repeat bears the same id', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sls-kill-'))
    const service = await LocalService.start({ logstores: ['access:2'] })
    const messages = numbered((kills + 1) * perLife * groupSize)
    const ids = new Map<string, string>()
    let repeats = 0
    const note = (output: string) => {
      for (const [, id = '', message = ''] of output.matchAll(/^log (\S+) (\d+)$/gm)) {
        const known = ids.get(message)
        if (known !== undefined) {
          repeats++
          assert.equal(id, known, `log ${message} came again under another id`)
        }
        ids.set(message, id)
      }
    }
    for (let life = 0; life <= kills; life++) {
      const reader = new ManagedProcess('the reader', [
        path.join(__dirname, 'killed-reader.js'),
        service.emulator.endpoint,
        path.join(folder, 'progress.json')
      ])
      const from = life * perLife * groupSize
      const groups = Array.from({ length: perLife }, (_, group) => from + group * groupSize)
      const [first = '', ...rest] = groups.map((start) => messages.slice(start, start + groupSize))
      await service.writeGroup('access', [...first])
      const written = (async () => {
        for (const [place, group] of rest.entries()) {
          await service.writeGroup('access', group, (place % 2 === 0 ? '0' : 'f').repeat(32))
        }
      })()
      await reader.waitFor(new RegExp(`^log \\S+ ${from + groupSize - 1}$`))
      if (life === kills) {
        await written
        const left = () => messages.length - ids.size
        for (let noted = 0; left() > 0; ) {
          const lines = reader.output.split('\n')
          note(lines.slice(noted).join('\n'))
          noted = lines.length
          if (left() > 0) await delay(10)
        }
      } else await delay(Math.random() * 150)
      await reader.end('SIGKILL')
      await written
      if (life < kills) note(`${reader.output}\n`)
    }
    console.log(`      ${messages.length} logs, ${kills} kills: 0 lost, ${repeats} delivered again`)
    assert.equal(ids.size, messages.length)
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }).timeout(300_000)
})
