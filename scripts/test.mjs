// Everything that has to hold, in the order of cost: format, lint, types, build, tests. A check that fails does not hide
// the ones after it; the last line counts the tests, and each failed check as one of them.
// `--full` runs the same tests with the large counts; further arguments go to mocha.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installIfNeeded } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const args = process.argv.slice(2)
const full = args.includes('--full')
const mochaArgs = args.filter((arg) => arg !== '--full')
const failures = []

function check(name, work) {
  console.log(`\n== ${name}`)
  try {
    work()
    return true
  } catch (error) {
    console.error(error.message)
    failures.push(name)
    return false
  }
}

function node(script, scriptArgs, env = process.env) {
  const { status, signal, error } = spawnSync(process.execPath, [script, ...scriptArgs], {
    cwd: root,
    stdio: 'inherit',
    env
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(signal === null ? `exit code ${status}` : `ended by ${signal}`)
}

function runMocha(require, countsFile) {
  const mocha = join(dirname(require.resolve('mocha/package.json')), 'bin/mocha.js')
  const env = { ...process.env, SLS_TEST_COUNTS: countsFile, ...(full ? { SLS_TEST_FULL: '1' } : {}) }
  node(mocha, ['--config', join(root, '.mocharc.cjs'), ...mochaArgs], env)
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

async function run() {
  if (!check('install', installIfNeeded)) return { passed: 0, failed: 0, skipped: 0 }
  const require = createRequire(import.meta.url)
  const { build, compile } = await import('./build.mjs')
  const biome = require.resolve('@biomejs/biome/bin/biome')
  check('format', () => node(biome, ['format', '.']))
  check('lint', () => node(biome, ['lint', '--error-on-warnings', '.']))
  const compiled = check('types and build', () => {
    build()
    rmSync(join(root, 'build'), { recursive: true, force: true })
    compile('test')
  })
  if (!compiled) return { passed: 0, failed: 0, skipped: 0 }

  const folder = mkdtempSync(join(tmpdir(), 'sls-test-'))
  try {
    const countsFile = join(folder, 'counts.json')
    check('tests', () => runMocha(require, countsFile))
    const counts = readCounts(countsFile)
    // mocha's exit code says that tests failed; those are in the counts already.
    if (counts.failed > 0) failures.splice(failures.indexOf('tests'), 1)
    return counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { passed, failed, skipped } = await run()
if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`)
const allFailed = failed + failures.length
process.exitCode = allFailed === 0 ? 0 : 1
console.log(`${passed} passed, ${allFailed} failed, ${skipped} skipped`)
