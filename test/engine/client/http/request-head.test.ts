import assert from 'node:assert/strict'
import http from 'node:http'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { requestHead } from '../../../../engine/client/http/request-head'
import { runs } from '../../../support/counts'

/** What Node's own server reads. */
function readByNode(head: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    const server = http.createServer({ requireHostHeader: false }, resolve)
    server.on('clientError', reject)
    server.emit('connection', connection)
    connection.push(Buffer.from(head, 'latin1'))
  })
}

const characters = fc.integer({ min: 0, max: 300 }).map((code) => String.fromCharCode(code))

describe('The head of a request', () => {
  it('has the target and the headers that it is given, and leaves out those without a value', () => {
    assert.equal(
      requestHead('GET', '/logstores?a=b', { host: 'demo', 'x-none': undefined, 'x-empty': '' }),
      'GET /logstores?a=b HTTP/1.1\r\nhost: demo\r\nx-empty: \r\n\r\n'
    )
  })

  it('reads at a server as it was given, or is refused: no value begins a header of its own', async () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom('\r', '\n', ' ', 'a'), characters),
      maxLength: 12
    })
    await fc.assert(
      fc.asyncProperty(text, text, text, async (path, name, value) => {
        let head: string
        try {
          head = requestHead('POST', `/${path}`, { [`x-${name}`]: value, 'content-length': '0' })
        } catch {
          assert.match(`${path}${name}${value}`, /[^!-~]|[^\w!#$%&'*+.^`|~-]/)
          return
        }
        const { url, rawHeaders } = await readByNode(head)
        assert.deepEqual(
          [url, ...rawHeaders],
          [`/${path}`, `x-${name}`, value.replace(/^[ \t]+|[ \t]+$/g, ''), 'content-length', '0']
        )
      }),
      { numRuns: runs(200, 10_000) }
    )
  })

  it('does not quote the value that it refuses', () => {
    assert.throws(
      () => requestHead('GET', '/', { authorization: 'TOPSECRET\n' }),
      /^Error: the header "authorization" holds a character that HTTP does not allow$/
    )
    assert.throws(
      () => requestHead('GET', '/TOP SECRET', {}),
      /^Error: the target holds a character that HTTP does not allow$/
    )
  })
})
