// `npm run bench`: every table, each contender beside its peers in one run. `npm run bench -- codec sink` runs those
// sections alone.
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { buildIfNeeded } from '../scripts/build.mjs'
import { mebibytes, printAcceptance } from './report.mjs'

const sections = {
  codec: async () => (await import('./codec.mjs')).codec(),
  requests: async () => (await import('./requests.mjs')).requests(),
  sink: async () => (await import('./sink.mjs')).sink(),
  source: async () => (await import('./source.mjs')).source(),
  nodes: async () => (await import('./nodes.mjs')).nodes(),
  growth: async () => (await import('./growth.mjs')).growth(),
  idle: async () => (await import('./rest.mjs')).idle(),
  memory: async () => (await import('./rest.mjs')).memory(),
  cold: async () => (await import('./rest.mjs')).cold(),
  costs: async () => (await import('./costs.mjs')).costs(),
  emulator: async () => (await import('./emulator.mjs')).emulator(),
  spool: async () => (await import('./spool.mjs')).spool()
}

function machine() {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const cpu = `${cpus().length} x ${cpus()[0]?.model.trim()}`
  console.log(`# Benchmark of version ${version}, ${new Date().toISOString().slice(0, 16)}Z`)
  console.log(
    `\nNode ${process.version}, ${process.platform} ${release()}, ${cpu}, ${mebibytes(totalmem())} MiB`
  )
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => sections[name] === undefined)
if (unknown.length > 0) {
  console.error(`No section ${unknown.join(', ')}. There are: ${Object.keys(sections).join(', ')}`)
  process.exit(2)
}
buildIfNeeded()
machine()
for (const [name, section] of Object.entries(sections)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const start = performance.now()
  try {
    await section()
  } catch (error) {
    console.log(`\n## ${name}: failed\n\n${error.stack}`)
    process.exitCode = 1
  }
  console.error(`(${name}: ${Math.round((performance.now() - start) / 1000)} s)`)
}
printAcceptance()
// Sections that failed have left contenders running.
process.exit()
