import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { SlsEmulator } from '../../emulator'

interface WireRequest {
  id: string
  request: { method: string; target: string; headers: [string, string][]; bodyHex: string }
  accessKeySecret: string
  clock: number
  expected: { signatureValidByReference: boolean }
}

const { cases } = JSON.parse(
  readFileSync(path.resolve('test/fixtures/vectors/wire-requests.json'), 'utf8')
) as { cases: WireRequest[] }

/** Codes with which the emulator says that a call is not what its key's owner signed. */
const NOT_AUTHENTIC = new Set(['SignatureNotMatch', 'Unauthorized', 'RequestTimeTooSkewed'])

describe('captured requests of foreign SDKs', () => {
  const emulators = new Map<string, SlsEmulator>()

  /** The emulator as the service was when the request was signed. */
  async function emulatorFor({ request, accessKeySecret, clock }: WireRequest): Promise<SlsEmulator> {
    const authorization = header(request.headers, 'authorization')
    const accessKeyId = /^(?:LOG ([^:]+):|SLS4-HMAC-SHA256 Credential=([^/]+)\/)/.exec(authorization)
    const id = accessKeyId?.[1] ?? accessKeyId?.[2] ?? ''
    const key = `${id} ${clock}`
    const emulator =
      emulators.get(key) ??
      (await SlsEmulator.start({
        project: 'ali-test-project',
        logstores: ['app_log'],
        accessKeyId: id,
        accessKeySecret,
        clock: () => clock * 1000,
        quiet: true
      }))
    emulators.set(key, emulator)
    return emulator
  }

  async function isAuthentic(wire: WireRequest, changed = wire.request): Promise<boolean> {
    const { port } = await emulatorFor(wire)
    const { status, body } = await exchange(port, changed)
    assert.notEqual(status, 500, `${wire.id}: ${body}`)
    if (status < 400) return true
    const { errorCode, errorMessage } = JSON.parse(body) as { errorCode: string; errorMessage: string }
    const isDigest = /content-md5|content-sha256/i.test(errorMessage)
    return !NOT_AUTHENTIC.has(errorCode) && !isDigest && !/authorization/.test(errorMessage)
  }

  after(async () => {
    for (const emulator of emulators.values()) await emulator.close()
  })

  it('are there', () => assert.equal(cases.length, 112))

  for (const wire of cases) {
    const { id, request, expected } = wire
    const verdict = expected.signatureValidByReference ? 'accepted' : 'refused'
    it(`${id} is ${verdict}`, async () => {
      assert.equal(await isAuthentic(wire), expected.signatureValidByReference)
    })
    if (!expected.signatureValidByReference) continue
    it(`${id} is refused with one byte changed`, async () => {
      for (const [what, changed] of Object.entries(changes(request))) {
        assert.equal(await isAuthentic(wire, changed), false, `changed: ${what}`)
      }
    })
  }
})

type Request = WireRequest['request']

/** The request with one byte changed, in each part that a signature covers. */
function changes(request: Request): Record<string, Request> {
  const changed: Record<string, Request> = {
    signature: withHeader(request, 'authorization', (value) => flipped(value, value.length - 4)),
    apiVersion: withHeader(request, 'x-log-apiversion', () => '0.4.0'),
    target: { ...request, target: withOtherLetter(request.target) },
    date: withHeader(request, dateHeader(request), (value) => value.replace('13', '14'))
  }
  if (request.bodyHex !== '') {
    const body = Buffer.from(request.bodyHex, 'hex')
    body[body.length >>> 1] = (body[body.length >>> 1] ?? 0) ^ 1
    changed['body'] = { ...request, bodyHex: body.toString('hex') }
  }
  return changed
}

function dateHeader(request: Request): string {
  return header(request.headers, 'x-log-date') === '' ? 'date' : 'x-log-date'
}

function withHeader(request: Request, name: string, change: (value: string) => string): Request {
  const headers = request.headers.map(([key, value]): [string, string] =>
    key.toLowerCase() === name ? [key, change(value)] : [key, value]
  )
  assert.notDeepEqual(headers, request.headers, `no header ${name} to change`)
  return { ...request, headers }
}

/** One letter of the path changed; the root, which has none, gets one. */
function withOtherLetter(target: string): string {
  if (!target.startsWith('/logstores')) return `/x${target.slice(1)}`
  return target.startsWith('/logstores/') ? flipped(target, '/logstores/'.length) : flipped(target, 1)
}

function flipped(text: string, at: number): string {
  const letter = text[at] === 'a' ? 'b' : 'a'
  return text.slice(0, at) + letter + text.slice(at + 1)
}

function header(headers: readonly [string, string][], name: string): string {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? ''
}

/** Sends the request byte for byte; nothing adds or drops a header on the way. */
function exchange(port: number, { method, target, headers, bodyHex }: Request) {
  const body = Buffer.from(bodyHex, 'hex')
  const isChunked = header(headers, 'transfer-encoding') === 'chunked'
  const head = [
    `${method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    ''
  ].join('\r\n')
  const payload = isChunked
    ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
    : body
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([Buffer.from(head), payload])))
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(received.subarray(0, end).toString())?.[1])
      if (received.length < end + 4 + length) return
      socket.destroy()
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(received.toString('latin1'))?.[1])
      resolve({ status, body: received.subarray(end + 4).toString('latin1') })
    })
    socket.on('close', () => reject(new Error('the connection was closed without an answer')))
  })
}
