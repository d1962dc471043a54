// The demo: a local SLS emulator, a real Node-RED and a flow between them. `npm start -- --help` tells the options.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseOptions, UsageError, usage } from './demo/options.mjs'
import { installIfNeeded } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { name: packageName, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

async function main() {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) {
    console.log(usage)
    return
  }
  if (Number.parseInt(process.versions.node, 10) < 20) {
    throw new UsageError(`Node.js ${engines.node} is needed, this is ${process.versions.node}`)
  }
  installIfNeeded()
  const { buildIfNeeded } = await import('./build.mjs')
  buildIfNeeded()
  const { runDemo } = await import('./demo/run.mjs')
  process.exitCode = await runDemo({ root, packageName, ...options })
}

try {
  await main()
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
