import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { memberName } from '../../nodes/member-name'

describe('The name of a node in a consumer group', () => {
  const folders: string[] = []
  const newFolder = async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sls-member-'))
    folders.push(folder)
    return folder
  }

  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true })
  })

  it('is the same for a node of a user directory, and another for another node', async () => {
    const folder = await newFolder()
    const names = await Promise.all([memberName(folder, 'a1'), memberName(folder, 'b2')])
    assert.equal(await memberName(folder, 'a1'), names[0])
    assert.notEqual(names[0], names[1])
    assert.match(names[0], /^[\w.:-]{1,128}$/)
    assert.ok(
      names[0].startsWith(
        hostname()
          .split('.')[0]
          ?.replace(/[^\w.:-]/g, '_') ?? ''
      )
    )
  })

  it('is what the user directory was given once', async () => {
    const folder = await newFolder()
    await mkdir(path.join(folder, 'sls-state'))
    await writeFile(path.join(folder, 'sls-state', 'instance'), '0123abcd\n')
    assert.match(await memberName(folder, 'a1'), /-0123abcd-a1$/)
  })

  it('is given anew where what was kept is damaged, and without a folder', async () => {
    const folder = await newFolder()
    await mkdir(path.join(folder, 'sls-state'))
    await writeFile(path.join(folder, 'sls-state', 'instance'), '\0\0\0')
    for (const userDir of [folder, undefined, path.join(folder, 'sls-state', 'instance', 'no-folder')]) {
      assert.match(
        await memberName(userDir, 'id with blanks/and more'),
        /-[\da-f]{8}-id_with_blanks_and_more$/
      )
    }
  })
})
