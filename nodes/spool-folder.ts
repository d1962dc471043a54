import { join, resolve } from 'node:path'
import { fileNameOf } from './progress-file'

/**
 * Where a node keeps its spool: a folder of its own, named by its id, in `<userDir>/sls-spool` or in the folder that is
 * given; a relative one is taken from the user directory.
 * @returns undefined where there is no user directory and the folder given is not absolute
 */
export function spoolFolder(userDir: string | undefined, given: string, nodeId: string): string | undefined {
  const base = given === '' ? 'sls-spool' : given
  if (!userDir && resolve(base) !== base) return undefined
  return join(userDir ? resolve(userDir, base) : base, fileNameOf(nodeId))
}
