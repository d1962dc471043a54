import { strict as assert } from 'node:assert'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { makeFolder } from '../../../engine/state/make-folder'

describe('making a folder', () => {
  let base: string

  beforeEach(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'sls-folder-'))
  })

  afterEach(() => rm(base, { recursive: true, force: true }))

  it('makes those above it, too, with the mode that is asked for', async () => {
    const folder = path.join(base, 'a', 'b', 'c')
    await makeFolder(folder, 0o700)
    for (const made of [folder, path.dirname(folder)]) assert.equal((await stat(made)).mode & 0o777, 0o700)
  })

  it('takes one that is there, and a link to one', async () => {
    await makeFolder(base)
    await symlink(base, path.join(base, 'link'))
    await makeFolder(path.join(base, 'link'))
  })

  it('makes one folder for several who want it at a time', async () => {
    const folder = path.join(base, 'a', 'b')
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder)))
    assert.ok((await stat(folder)).isDirectory())
  })

  it('refuses where a file is in the way', async () => {
    await writeFile(path.join(base, 'file'), '')
    await assert.rejects(makeFolder(path.join(base, 'file')), { code: 'EEXIST' })
    await assert.rejects(makeFolder(path.join(base, 'file', 'below')), { code: 'ENOTDIR' })
  })

  it('refuses where the system takes no folder, instead of trying for ever', async function () {
    if (!existsSync('/proc/self')) this.skip()
    await assert.rejects(makeFolder('/proc/sls-folder/spool'), { code: 'ENOENT' })
  })
})
