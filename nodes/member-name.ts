import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { makeFolder } from '../engine/state/make-folder'

/** Where there is no folder to remember it in: as long as the process lives. */
const passing = randomBytes(4).toString('hex')
const instances = new Map<string, Promise<string>>()

/**
 * The name of a node among the members of a consumer group: host name, a random number that this user directory was
 * given once (`sls-state/instance`), and the node's id. No two instances share it, and a node that is deployed or
 * started again has the one it had.
 */
export async function memberName(userDir: string | undefined, nodeId: string): Promise<string> {
  const host = hostname().split('.')[0] ?? ''
  const name = `${host}-${await instanceOf(userDir)}-${nodeId}`
  return name.replace(/[^\w.:-]/g, '_').slice(-128)
}

/** Nodes that start at the same time share one. */
function instanceOf(userDir: string | undefined): Promise<string> {
  if (!userDir) return Promise.resolve(passing)
  const known = instances.get(userDir)
  if (known !== undefined) return known
  const asked = readInstance(join(userDir, 'sls-state')).catch(() => passing)
  instances.set(userDir, asked)
  return asked
}

async function readInstance(folder: string): Promise<string> {
  const file = join(folder, 'instance')
  const stored = await readFile(file, 'utf8').catch(() => '')
  if (/^[\da-f]{8}$/.test(stored.trim())) return stored.trim()
  await makeFolder(folder)
  await writeFileAtomic(file, `${passing}\n`)
  return passing
}
