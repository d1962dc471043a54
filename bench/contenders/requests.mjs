// Bare requests, without signature: by the engine's transport, or by Node's agent used as sparingly as it allows.
import { Agent, request } from 'node:http'
import { built } from '../paths.mjs'

const { checkOptions } = built('engine/client/options.js')
const { CallScope } = built('engine/client/call-scope.js')
const { HttpTransport } = built('engine/client/http-transport.js')

const TARGET = '/logstores/x/shards/lb'
const headersOf = (body) => ({
  host: 'bench.cn-hangzhou.log.aliyuncs.com',
  'content-type': 'application/x-protobuf',
  'x-log-bodyrawsize': '0',
  'x-log-compresstype': 'lz4',
  'x-log-content-sha256': '0'.repeat(64),
  authorization: '0'.repeat(160),
  'content-length': String(body.length)
})

const ways = {
  ours(connection) {
    const transport = new HttpTransport(checkOptions(connection))
    return async (body) => {
      const scope = new CallScope('PutLogs', 60_000, undefined)
      const call = { name: 'PutLogs', method: 'POST', target: TARGET, headers: headersOf(body), body }
      await transport.send({ ...call, maxResponseSize: 1000 }, scope)
      scope.end()
    }
  },
  'node:http'({ endpoint }) {
    const agent = new Agent({ keepAlive: true })
    const { hostname: host, port } = new URL(endpoint)
    return (body) =>
      new Promise((resolve, reject) => {
        const headers = headersOf(body)
        const outgoing = request({ agent, host, port, setHost: false, method: 'POST', path: TARGET, headers })
        outgoing.on('error', reject)
        outgoing.on('response', (incoming) => incoming.resume().on('end', resolve))
        outgoing.end(body)
      })
  }
}

export async function open({ connection, way }) {
  const post = ways[way](connection)
  return {
    async post({ size, requests, atATime }) {
      const body = Buffer.alloc(size)
      let left = requests
      const poster = async () => {
        while (left-- > 0) await post(body)
      }
      await Promise.all(Array.from({ length: atATime }, poster))
      return { requests }
    }
  }
}
