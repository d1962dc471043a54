import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from './sync-folder'

/**
 * Makes a folder where it is missing, and those above it. Not by Node's own `recursive`: that never ends where a file
 * system answers ENOENT below a folder that exists, as /proc does.
 * @throws what `mkdir` throws
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  await make(folder, mode, false)
}

async function make(folder: string, mode: number | undefined, isAboveThere: boolean): Promise<void> {
  try {
    await mkdir(folder, { mode })
  } catch (error) {
    if (await isFolder(folder)) return
    const above = dirname(folder)
    if (isAboveThere || above === folder || errorCode(error) !== 'ENOENT') throw error
    await make(above, mode, false)
    await make(folder, mode, true)
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() ?? false
}
