// Installs the dependencies of a fresh clone, so that `npm start` and `npm test` need no step before them.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs `npm ci` unless node_modules already holds everything that the lock file names. */
export function installIfNeeded() {
  if (holdsEverythingOfTheLock()) return
  console.log('Installing dependencies (the first time only) ...')
  const [command, ...before] = npmCommand()
  execFileSync(command, [...before, 'ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit']
  })
}

/** The npm that runs this script. The one on PATH may be Node-RED's own, which is laid into node_modules/.bin. */
function npmCommand() {
  const { npm_execpath: path } = process.env
  return path === undefined ? ['npm'] : [process.execPath, path]
}

function holdsEverythingOfTheLock() {
  const marker = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(marker)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(marker, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional === true || present[path]?.version === entry.version
  )
}
