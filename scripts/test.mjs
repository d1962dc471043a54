// Everything that has to hold, in the order of cost: format, lint, types, build, tests.
// `--full` runs the same tests with the large counts; further arguments go to mocha.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installIfNeeded } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
installIfNeeded()

const require = createRequire(import.meta.url)
const { build, compile } = await import('./build.mjs')
const args = process.argv.slice(2)
const full = args.includes('--full')
const mochaArgs = args.filter((arg) => arg !== '--full')

function step(name, command, commandArgs, env = process.env) {
  console.log(`\n== ${name}`)
  const { status, error } = spawnSync(command, commandArgs, { cwd: root, stdio: 'inherit', env })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const biome = require.resolve('@biomejs/biome/bin/biome')
step('format', process.execPath, [biome, 'format', '.'])
step('lint', process.execPath, [biome, 'lint', '--error-on-warnings', '.'])

console.log('\n== types and build')
build()
rmSync(join(root, 'build'), { recursive: true, force: true })
compile('test')

const mocha = join(dirname(require.resolve('mocha/package.json')), 'bin/mocha.js')
step('tests', process.execPath, [mocha, '--config', join(root, '.mocharc.cjs'), ...mochaArgs], {
  ...process.env,
  ...(full ? { SLS_TEST_FULL: '1' } : {})
})
