// Holds the real service to the contract in test/contract. Further arguments go to mocha (`--grep SplitShard`).
// docs/contract-tests.md says what the run creates and what it costs.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const needed = ['SLS_ENDPOINT', 'SLS_PROJECT', 'SLS_ACCESS_KEY_ID', 'SLS_ACCESS_KEY_SECRET']

/** A creation may take a minute to be known everywhere, and some cases need several. */
const caseTimeout = 600_000

function missingVariables() {
  return needed.filter((name) => (process.env[name] ?? '') === '')
}

async function run() {
  const { installIfNeeded } = await import('./install.mjs')
  installIfNeeded()
  const { compile } = await import('./build.mjs')
  const build = join(root, 'build/live')
  rmSync(build, { recursive: true, force: true })
  compile('test/contract')
  const require = createRequire(import.meta.url)
  const mocha = join(dirname(require.resolve('mocha/package.json')), 'bin/mocha.js')
  const { status } = spawnSync(
    process.execPath,
    [
      mocha,
      '--no-config',
      '--node-option',
      'enable-source-maps',
      '--timeout',
      String(caseTimeout),
      ...process.argv.slice(2),
      join(build, 'test/contract/**/*.test.js')
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, SLS_LIVE: '1' } }
  )
  return status ?? 1
}

const missing = missingVariables()
if (missing.length > 0) {
  console.error(
    `The live contract run needs ${missing.join(', ')} in the environment (docs/contract-tests.md). ` +
      'Optional: SLS_SECURITY_TOKEN, SLS_REGION, SLS_LIVE_PROJECTS=1.'
  )
  process.exitCode = 2
} else process.exitCode = await run()
