import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Outcome, Troubles } from './unprivileged-process'

const program = path.resolve('build/test/engine/state/unprivileged-process.js')

describe('A folder that the user of the process may not write', () => {
  let folder: string
  let child: ChildProcess | undefined

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-no-rights-'))
  })

  afterEach(async () => {
    child?.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  it('is named with what to do, for progress and spool; nothing is lost, and both go on once it may', async function () {
    this.timeout(60_000)
    if (process.getuid === undefined) {
      console.log('      skipped: this system has no user ids')
      this.skip()
    }
    await chmod(folder, 0o555)
    child = fork(program, [folder], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const { progress, spool } = await heard<Troubles>(child)
    assert.equal(progress.code, 'State')
    assert.match(progress.message, /could not be saved to .*EACCES/)
    assert.ok(progress.message.includes(path.join(folder, 'state', 'progress.json')), progress.message)
    assert.match(progress.hint ?? '', /writable/)
    assert.deepEqual([spool.code, spool.field], ['Spool', 'spoolPath'])
    assert.match(spool.message, /EACCES/)
    assert.ok(spool.message.includes(path.join(folder, 'spool')), spool.message)
    assert.match(spool.hint ?? '', /folder that spoolPath names writable/)

    await chmod(folder, 0o777)
    child.send('writable')
    const { cursor, spooled, accepted } = await heard<Outcome>(child)
    assert.deepEqual([cursor, spooled], ['MTIz', 5])
    assert.deepEqual(
      accepted.map(Number).sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    )
  })
})

/** The next message of the process; fails where it ends without one. */
async function heard<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, 'exit').then(([code]) => assert.fail(`the process ended with ${code}`))
  const message = once(child, 'message').then(([content]) => content as Message)
  return Promise.race([message, ended])
}
