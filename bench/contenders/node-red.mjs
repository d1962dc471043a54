// A real Node-RED in this process, without editor, with one flow: an empty source into an empty sink, sls-in into the
// empty sink, or the empty source into sls-out.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataSets } from '../data.mjs'
import { require, root } from '../paths.mjs'

const NAME = 'node-red-contrib-aliyun-sls'

function flows(kind, connection, properties) {
  const config = { id: 'config', type: 'sls-config', ...connection, region: 'cn-hangzhou' }
  delete config.credentials
  const node = (id, type, more, ...wires) => ({ id, type, z: 'tab', x: 100, y: 100, wires, ...more })
  const tab = { id: 'tab', type: 'tab', label: 'bench' }
  const source = (to) => node('source', 'bench-source', {}, [to])
  const sink = node('sink', 'bench-sink', properties)
  switch (kind) {
    case 'empty':
      return [tab, source('sink'), sink]
    case 'in':
      return [tab, config, node('sls', 'sls-in', { config: 'config', ...properties }, ['sink']), sink]
    case 'out':
      return [tab, config, source('sls'), node('sls', 'sls-out', { config: 'config', ...properties })]
  }
  return [
    tab,
    config,
    ...Array.from({ length: properties.nodes }, (_, number) =>
      node(`sls${number}`, 'sls-in', { config: 'config', ...properties }, ['sink'])
    ),
    sink
  ]
}

async function makeUserDir(flow, credentials) {
  const userDir = await mkdtemp(join(tmpdir(), 'sls-bench-'))
  await mkdir(join(userDir, 'node_modules'))
  await symlink(root, join(userDir, 'node_modules', NAME), 'junction')
  await writeFile(
    join(userDir, 'package.json'),
    JSON.stringify({ name: 'bench', dependencies: { [NAME]: '*' } })
  )
  await writeFile(join(userDir, 'flows.json'), JSON.stringify(flow))
  await writeFile(join(userDir, 'flows_cred.json'), JSON.stringify({ config: credentials }))
  return userDir
}

async function start(userDir) {
  const RED = require('node-red')
  RED.init(createServer(), {
    userDir,
    flowFile: 'flows.json',
    nodesDir: join(root, 'bench/node-red'),
    credentialSecret: false,
    httpAdminRoot: false,
    httpNodeRoot: false,
    logging: { console: { level: 'error', metrics: false, audit: false } },
    telemetry: { enabled: false, updateNotification: false }
  })
  const started = new Promise((resolve) => RED.events.once('flows:started', resolve))
  await RED.start()
  await started
  return RED
}

export async function open({ connection, kind, properties = {} }) {
  const userDir = await makeUserDir(flows(kind, connection, properties), connection.credentials)
  const RED = await start(userDir)
  const sls = RED.nodes.getNode('sls')
  const payloads = {}
  const payloadsOf = (data, size) => {
    payloads[`${data} ${size}`] ??= makePayloads(data, size)
    return payloads[`${data} ${size}`]
  }

  return {
    /** Messages into the flow; `window` as the source has it. */
    async send({ data, messages, warm, window = 0, size = 1 }, meter) {
      const ready = payloadsOf(data, size)
      await globalThis.benchSource.sendAll(ready, warm, window)
      meter.start()
      await globalThis.benchSource.sendAll(ready, messages, window)
      meter.stop()
      return { logs: messages * size }
    },

    /** Logs out of sls-in, in full flow. */
    async receive({ logs, warm }, meter) {
      const { benchSink } = globalThis
      sls.receive({ action: 'resume' })
      await benchSink.after(warm)
      meter.start()
      await benchSink.after(logs)
      meter.stop()
      sls.receive({ action: 'pause' })
      return { logs }
    },

    async idle({ milliseconds }, meter) {
      meter.start(false)
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      meter.stop()
    },

    async close() {
      await RED.stop()
      await rm(userDir, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

function makePayloads(data, size) {
  const { records } = dataSets(root, 2000)[data]
  if (size === 1) return records
  return Array.from({ length: Math.ceil(2000 / size) }, (_, number) =>
    Array.from({ length: size }, (_, index) => records[(number * size + index) % 2000])
  )
}
