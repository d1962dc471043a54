import assert from 'node:assert/strict'
import http from 'node:http'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { SlsError } from '../../../../engine/client/errors'
import { NotHttp } from '../../../../engine/client/http/not-http'
import { ResponseReader } from '../../../../engine/client/http/response-reader'
import { runs } from '../../../support/counts'

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

const limit = 100_000

/** What the reader makes of the pieces and the end of the connection; undefined where the answer is not whole then. */
function read(pieces: readonly Buffer[], maxSize = limit): Answer | undefined {
  const reader = new ResponseReader('PullLogs', maxSize)
  let isComplete = false
  for (const piece of pieces) isComplete = reader.read(piece)
  if (!isComplete && !reader.ended()) return undefined
  const { status, headers } = reader.head
  return { status, headers: { ...headers } as Record<string, string>, body: reader.body.toString('latin1') }
}

const readText = (text: string) => read([Buffer.from(text, 'latin1')])

/** What Node's own client makes of the same. */
function readByNode(pieces: readonly Buffer[]): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    const request = http.request({ createConnection: () => connection, method: 'GET' })
    request.on('error', () => resolve(undefined))
    request.on('upgrade', () => resolve(undefined))
    request.on('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', () => resolve(undefined))
      incoming.on('close', () => {
        if (!incoming.complete) return resolve(undefined)
        resolve({
          status: incoming.statusCode ?? 0,
          headers: { ...incoming.headers } as Record<string, string>,
          body: Buffer.concat(chunks).toString('latin1')
        })
      })
    })
    request.end()
    for (const piece of pieces) connection.push(piece)
    connection.push(null)
  })
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...[...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)]
  return [...at, bytes.length]
    .slice(1)
    .map((end, index) => bytes.subarray(at[index], end))
    .filter((piece) => piece.length > 0)
}

const headerLines = fc.uniqueArray(
  fc.constantFrom(
    'x-log-requestid: 5FC5E5B9',
    'X-Log-Count:\t 12 ',
    'content-type: application/x-protobuf',
    'Date: Tue, 15 Nov 1994 08:12:31 GMT',
    'x-empty:',
    'x-latin: \xe9\xff',
    'Connection: close',
    'connection: Keep-Alive',
    'Keep-Alive: timeout=5, max=100'
  ),
  { selector: (line) => line.slice(0, 6).toLowerCase() }
)
const body = fc.string({
  maxLength: 300,
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
})

function chunked(text: string, sizes: readonly number[]): string {
  let sent = ''
  let rest = text
  for (const size of sizes) {
    const chunk = rest.slice(0, size)
    if (chunk === '') break
    sent += `${chunk.length.toString(16)}${size % 2 === 0 ? '' : ';name="value"'}\r\n${chunk}\r\n`
    rest = rest.slice(size)
  }
  return `${sent}${rest === '' ? '' : `${rest.length.toString(16).toUpperCase()}\r\n${rest}\r\n`}0\r\n`
}

/** Answers as they should be. */
const answers = fc
  .record({
    interim: fc.constantFrom(
      '',
      '',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Hints\r\nlink: a\r\n\r\n'
    ),
    version: fc.constantFrom('1.1', '1.1', '1.0'),
    status: fc.constantFrom('200 OK', '200 OK', '404 Not Found', '500 ', '503', '204 No Content', '304 Same'),
    lines: headerLines,
    text: body,
    framing: fc.constantFrom('length', 'chunked', 'close'),
    sizes: fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 5 }),
    trailers: fc.constantFrom('', 'x-trailer: a\r\n')
  })
  .map(({ interim, version, status, lines, text, framing, sizes, trailers }) => {
    const isEmpty = /^[23]04/.test(status)
    const sent = isEmpty ? '' : text
    const head = [`HTTP/${version} ${status}`, ...lines]
    if (framing === 'length') head.push(`Content-Length: ${sent.length}`)
    if (framing === 'chunked') head.push('Transfer-Encoding: chunked')
    const tail = framing === 'chunked' && !isEmpty ? `${chunked(sent, sizes)}${trailers}\r\n` : sent
    return { bytes: Buffer.from(`${interim}${head.join('\r\n')}\r\n\r\n${tail}`, 'latin1'), sent, framing }
  })

const places = fc.array(fc.nat(2000), { maxLength: 12 })

describe('The reader of answers', () => {
  it('reads what a server sends as Node’s own client does, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(answers, places, async ({ bytes, sent }, where) => {
        const answer = read(cut(bytes, where))
        assert.equal(answer?.body, sent)
        assert.deepEqual(answer, await readByNode([bytes]))
      }),
      { numRuns: runs(300, 20_000) }
    )
  })

  it('takes no damaged answer that Node’s own client would not take, or not so', async () => {
    const damage = fc.array(
      fc.record({
        at: fc.nat(700),
        how: fc.constantFrom('replace', 'insert', 'remove', 'cut'),
        byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(10, 13, 32, 58, 44, 48))
      }),
      { minLength: 1, maxLength: 3 }
    )
    await fc.assert(
      fc.asyncProperty(answers, damage, places, async ({ bytes }, damages, where) => {
        let damaged: number[] = [...bytes]
        for (const { at, how, byte } of damages) {
          const place = at % (damaged.length + 1)
          if (how === 'cut') damaged = damaged.slice(0, place)
          else damaged.splice(place, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [byte]))
        }
        const sent = Buffer.from(damaged)
        let answer: Answer | undefined
        try {
          answer = read(cut(sent, where))
        } catch (error) {
          assert.ok(error instanceof NotHttp || error instanceof SlsError, String(error))
        }
        if (answer !== undefined) assert.deepEqual(answer, await readByNode([sent]), sent.toString('latin1'))
      }),
      { numRuns: runs(300, 20_000) }
    )
  })

  it('is the same byte by byte', () => {
    fc.assert(
      fc.property(answers, ({ bytes }) => {
        assert.deepEqual(read([...bytes].map((byte) => Buffer.from([byte]))), read([bytes]))
      }),
      { numRuns: runs(50, 1000) }
    )
  })

  for (const [what, text, message] of [
    ['another protocol', '220 mail.example ESMTP\r\n', /does not begin with HTTP/],
    ['another version', 'HTTP/2 200\r\n\r\n', /does not begin with HTTP/],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /status line/],
    ['a name with a space', 'HTTP/1.1 200 OK\r\nx y: 1\r\n\r\n', /header/],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nxy\r\n\r\n', /header/],
    ['a header that goes on in the next line', 'HTTP/1.1 200 OK\r\nx: 1\r\n 2\r\n\r\n', /header/],
    ['a control character', 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n', /header/],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\nContent-Length: 1\r\n\r\na', /more than one/],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\na', /not a number/],
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\na',
      /both/
    ],
    ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n', /other than chunked/],
    [
      'a chunk without a size',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n',
      /size of a chunk/
    ],
    ['too long a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n', /longer/],
    ['more than the body', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', /more follows/],
    ['a change of protocol', 'HTTP/1.1 101 Switch\r\nupgrade: x\r\n\r\n', /another protocol/],
    ['lines of a head that end with line feeds alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n', /line feed/],
    [
      'the line of a chunk that ends with a line feed alone',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\n',
      /line feed/
    ],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}`, /too long/],
    [
      'trailers without end',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${`x: ${'a'.repeat(900)}\r\n`.repeat(20)}`,
      /too much/
    ]
  ] as const) {
    it(`does not take ${what}`, () => {
      assert.throws(
        () => readText(text),
        (error) => error instanceof NotHttp && message.test(error.message)
      )
    })
  }

  it('sees at the first byte that it is another protocol', () => {
    assert.throws(() => readText('\x15'), NotHttp)
  })

  for (const [what, value] of [
    ['in a list', `a${' '.repeat(16_000)}b`],
    ['before what is not allowed', `${' '.repeat(16_000)}\0`]
  ] as const) {
    it(`does not read much space ${what} again and again`, () => {
      const head = Buffer.from(`HTTP/1.1 100 Wait\r\nconnection: ${value}\r\n\r\n`)
      for (let times = 0; times < 400; times++) {
        try {
          new ResponseReader('', 0).read(head)
        } catch (error) {
          assert.ok(error instanceof NotHttp)
        }
      }
    })
  }

  it('joins the values of a header that comes more than once, but for those that have one', () => {
    const text =
      'HTTP/1.1 204\r\nx-a: 1\r\nX-A: 2\r\nContent-Type: a\r\ncontent-type: b\r\n__proto__: x\r\n\r\n'
    assert.deepEqual(
      Object.entries(readText(text)?.headers ?? {}),
      Object.entries({ 'x-a': '1, 2', 'content-type': 'a', ['__proto__']: 'x' })
    )
  })

  it('takes no more than it is told to, however the size comes', () => {
    const large = 'a'.repeat(11)
    for (const text of [
      `content-length: 11\r\n\r\n`,
      `transfer-encoding: chunked\r\n\r\nb\r\n`,
      `transfer-encoding: chunked\r\n\r\n6\r\naaaaaa\r\n5\r\n`,
      `x: y\r\n\r\n${large}`
    ]) {
      assert.throws(
        () => read([Buffer.from(`HTTP/1.1 403 No\r\n${text}`)], 10),
        (error) =>
          error instanceof SlsError &&
          error.code === 'BadResponse' &&
          error.status === 403 &&
          /PullLogs: .*larger than 10 bytes/.test(error.message)
      )
    }
    assert.equal(
      read([Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789')], 10)?.body.length,
      10
    )
  })

  for (const [what, text] of [
    ['empty lines before it', '\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'],
    ['an empty line after it', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]\r\n'],
    [
      'sizes of chunks with many zeros',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'0'.repeat(20)}2\r\n[]\r\n000\r\n\r\n`
    ]
  ] as const) {
    it(`reads an answer with ${what}, as Node’s own client does`, async () => {
      const answer = readText(text)
      assert.equal(answer?.body, '[]')
      assert.deepEqual(answer, await readByNode([Buffer.from(text)]))
      assert.deepEqual(read([...Buffer.from(text)].map((byte) => Buffer.from([byte]))), answer)
    })
  }

  it('knows whether the connection may serve another request', () => {
    const isPersistent = (version: string, connection: string) => {
      const reader = new ResponseReader('', 0)
      reader.read(Buffer.from(`HTTP/${version} 204\r\n${connection}\r\n\r\n`))
      return reader.head.isPersistent
    }
    assert.deepEqual(
      [
        isPersistent('1.1', 'x: y'),
        isPersistent('1.1', 'Connection: x, Close'),
        isPersistent('1.0', 'x: y'),
        isPersistent('1.0', 'connection: Keep-Alive'),
        isPersistent('1.0', 'connection: keep-alive\r\nconnection: close')
      ],
      [true, false, false, true, false]
    )
  })
})
