import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { ServiceError } from '../service-error'
import { ConnectionCut } from './connection-cut'
import { Query } from './query'
import { parseTarget, type Target } from './target'

/** Largest body taken off the wire, in bytes; the limit of one write is lower and checked by it. */
const MAX_BODY = 64 * 1024 * 1024

/** One call as it arrived: nothing interpreted yet but the request line. */
export class EmulatorRequest {
  readonly query: Query

  constructor(
    readonly method: string,
    readonly target: Target,
    readonly headers: IncomingHttpHeaders,
    /** As sent, still compressed. */
    readonly body: Buffer,
    /** Address of the caller, as `appendMeta` writes it. */
    readonly clientAddress: string
  ) {
    this.query = new Query(target.pairs)
  }

  /** The header's value; undefined when absent or empty. */
  header(name: string): string | undefined {
    const value = this.headers[name]
    if (value === undefined || value === '') return undefined
    return Array.isArray(value) ? value.join(', ') : value
  }
}

/**
 * Reads a whole request, chunked or with a length; ServiceError where it is malformed or beyond all limits,
 * ConnectionCut where its body never ends.
 */
export async function readRequest(incoming: IncomingMessage): Promise<EmulatorRequest> {
  const body = await readBody(incoming)
  const method = incoming.method ?? 'GET'
  if (hasUnknownLength(method, incoming.headers)) {
    throw new ServiceError(411, 'MissingContentLength', 'Content-Length does not exist in http header')
  }
  if (incoming.headers.host === undefined) {
    throw new ServiceError(400, 'MissingHost', 'Host does not exist in http header')
  }
  const target = parseTarget(incoming.url ?? '/', incoming.headers.host)
  if (target.host === '') throw new ServiceError(400, 'InvalidHost', 'Host in http header names no host')
  return new EmulatorRequest(method, target, incoming.headers, body, clientAddress(incoming))
}

function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_BODY) chunks.push(chunk)
      else chunks.length = 0
    })
    incoming.on('error', () => reject(new ConnectionCut('the client has gone')))
    incoming.on('end', () => {
      if (size <= MAX_BODY) resolve(Buffer.concat(chunks, size))
      else
        reject(
          new ServiceError(400, 'PostBodyTooLarge', `body size ${size} must be no more than ${MAX_BODY}`)
        )
    })
  })
}

/** A body that is neither chunked nor of a length that is told would be taken for none. */
function hasUnknownLength(method: string, headers: IncomingHttpHeaders): boolean {
  const isTold = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  return !isTold && (method === 'POST' || method === 'PUT')
}

function clientAddress(incoming: IncomingMessage): string {
  const address = incoming.socket.remoteAddress ?? ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
