import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface Manifest {
  name: string
  dependencies: Record<string, string>
}

/**
 * A user directory in which the package lies as its tarball unpacks, with its required dependencies beside it and
 * nothing else: no development dependency, no optional one, none of the repository's own files. The dependencies
 * come from the repository's node_modules, so that no registry is asked.
 */
export async function installPacked(): Promise<string> {
  const userDir = await mkdtemp(path.join(os.tmpdir(), 'sls-packed-'))
  // The scripts would build dist/ anew under the tests that are using it.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', userDir])
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  assert.ok(packed !== undefined)
  const tarball = path.join(userDir, packed.filename)
  await run('tar', ['-xzf', tarball, '-C', userDir])
  await rm(tarball)

  const { name, dependencies } = JSON.parse(
    await readFile(path.join(userDir, 'package/package.json'), 'utf8')
  ) as Manifest
  const modules = path.join(userDir, 'node_modules')
  await mkdir(modules)
  await cp(path.join(userDir, 'package'), path.join(modules, name), { recursive: true })
  await rm(path.join(userDir, 'package'), { recursive: true })
  for (const dependency of Object.keys(dependencies)) {
    const link = path.join(modules, dependency)
    await mkdir(path.dirname(link), { recursive: true })
    await symlink(path.resolve('node_modules', dependency), link, 'junction')
  }
  await writeFile(
    path.join(userDir, 'package.json'),
    JSON.stringify({ name: 'test', private: true, dependencies: { [name]: '*' } })
  )
  return userDir
}
