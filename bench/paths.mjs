import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const require = createRequire(import.meta.url)

/** A module of this package as it is built. */
export function built(module) {
  return require(join(root, 'dist', module))
}
