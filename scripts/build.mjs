// Compiles to dist/ and lays html, icons and locales where Node-RED's loader looks for them: beside the built nodes.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

export function compile(project, ...options) {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', project, ...options], { cwd: root, stdio: 'inherit' })
}

export function build() {
  const dist = join(root, 'dist')
  rmSync(dist, { recursive: true, force: true })
  compile('.')
  const nodes = join(dist, 'nodes')
  for (const file of readdirSync(join(root, 'nodes')).filter((name) => name.endsWith('.html'))) {
    writeFileSync(join(nodes, file), withScripts(readFileSync(join(root, 'nodes', file), 'utf8')))
  }
  cpSync(join(root, 'icons'), join(nodes, 'icons'), { recursive: true })
  cpSync(join(root, 'locales'), join(nodes, 'locales'), { recursive: true })
  // Editors set to plain Chinese, or to another region's, fall back to "zh", never to "zh-CN".
  cpSync(join(root, 'locales/zh-CN'), join(nodes, 'locales/zh'), { recursive: true })
  cpSync(join(root, 'emulator'), join(dist, 'emulator'), {
    recursive: true,
    filter: (file) => !file.endsWith('.ts')
  })
  const cli = join(dist, 'emulator/cli.js')
  if (existsSync(cli)) chmodSync(cli, 0o755)
}

const sources = [
  'nodes',
  'engine',
  'emulator',
  'icons',
  'locales',
  'tsconfig.json',
  'package.json',
  'scripts/build.mjs'
]

/** An editor file with the scripts in it that it shares with others: Node-RED gives editors no other file of a node. */
function withScripts(html) {
  return html.replace(/<script src="(editor\/[\w-]+\.js)"><\/script>/g, (_, file) => {
    return `<script type="text/javascript">\n${readFileSync(join(root, 'nodes', file), 'utf8')}</script>`
  })
}

/** Builds unless dist/ is younger than every source. */
export function buildIfNeeded() {
  if (isUpToDate()) return
  console.log('Building ...')
  build()
}

function isUpToDate() {
  // Written last by the compiler, and by a successful run only.
  const built = join(root, 'dist/emulator/cli.js')
  return existsSync(built) && newestOf(sources.map((source) => join(root, source))) < statSync(built).mtimeMs
}

function newestOf(paths) {
  return Math.max(
    ...paths.map((path) => {
      const stat = statSync(path)
      if (!stat.isDirectory()) return stat.mtimeMs
      return Math.max(stat.mtimeMs, newestOf(readdirSync(path).map((entry) => join(path, entry))))
    })
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build()
