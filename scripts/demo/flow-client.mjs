// The two doors of the demo's flow: an HTTP endpoint in front of sls-out and a WebSocket behind sls-in.
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'

const require = createRequire(import.meta.url)
// The WebSocket client of Node-RED's own nodes: Node.js 20 has none of its own.
const WebSocket = createRequire(require.resolve('@node-red/nodes/package.json'))('ws')

export const telemetryPath = '/demo/telemetry'
export const recordsPath = '/demo/records'
export const pagePath = '/demo'

/** Gives the records to sls-out; resolves when SLS has accepted all of them. */
export async function sendRecords(url, records, signal) {
  const response = await fetch(`${url}${telemetryPath}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
    signal
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`HTTP ${response.status} ${text}`)
}

/** Calls back with every record that sls-in sends into the flow from now on, until closed. */
export async function followRecords(url, onRecord, onStatus = () => {}) {
  const address = `${url.replace(/^http/, 'ws')}${recordsPath}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await follow(address, onRecord, onStatus)
    } catch (error) {
      if (attempt === 50) throw error
      await delay(100)
    }
  }
}

function follow(address, onRecord, onStatus) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, { maxPayload: 256 * 1024 * 1024 })
    socket.on('open', () => resolve({ close: () => socket.terminate() }))
    socket.on('error', reject)
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString('utf8'))
      if (message.status !== undefined) onStatus(message.status)
      else for (const record of [message.payload].flat()) onRecord(record)
    })
  })
}
