import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { accepted, type Reply, refused } from './support/reply'
import { unproven } from './support/unproven'

describe('Contract: errors and request ids', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore()
  })

  const unknownLogstore = (): Promise<Reply> => service.call({ path: '/logstores/no-such-logstore-here' })
  const success = (): Promise<Reply> => service.call({ path: logstore.path })

  it('are JSON with errorCode and errorMessage, both texts', async () => {
    const { errorCode, errorMessage } = (await unknownLogstore()).json<Record<string, unknown>>()
    assert.equal(errorCode, 'LogStoreNotExist')
    assert.equal(typeof errorMessage, 'string')
  })

  it('say application/json, by which the Node.js SDK knows them', async () => {
    assert.match((await unknownLogstore()).header('content-type') ?? '', /^application\/json/)
  })

  it('bear the request id in the header, never in the body', async () => {
    const reply = await unknownLogstore()
    assert.ok(!reply.body.toString().includes(reply.requestId))
  })

  for (const [words, call] of [
    ['a success', success],
    ['a refusal', unknownLogstore]
  ] as const) {
    it(`give ${words} an id of 24 upper-case hexadecimal digits`, async () => {
      assert.match((await call()).requestId, /^[0-9A-F]{24}$/)
    })

    it(`give ${words} an id that begins with the server’s seconds`, async () => {
      const seconds = Number.parseInt((await call()).requestId.slice(0, 8), 16)
      assert.ok(Math.abs(seconds - now()) < 300, `${seconds} is now`)
    })

    it(`tell with ${words} the server’s date`, async () => {
      const date = Date.parse((await call()).header('date') ?? '')
      assert.ok(Math.abs(date / 1000 - now()) < 300)
    })
  }

  it('give every call an id of its own', async () => {
    const ids = new Set<string>()
    for (let i = 0; i < 20; i++) ids.add((await success()).requestId)
    assert.equal(ids.size, 20)
  })

  it('do not say JSON of an empty success', async () => {
    const json = { logstoreName: logstore.name, ttl: 2, shardCount: 1 }
    const reply = accepted(await service.call({ method: 'PUT', path: logstore.path, json }))
    assert.equal(reply.body.length, 0)
    assert.doesNotMatch(reply.header('content-type') ?? '', /json/)
  })

  it('name the server in a header, and its time', async () => {
    const reply = await success()
    assert.ok(reply.header('server'))
    assert.ok(reply.header('date'))
  })

  it('refuse a method that a resource does not know', async () => {
    const reply = await service.call({ method: 'PATCH', path: logstore.path })
    assert.ok(reply.status >= 400 && reply.status < 500, String(reply))
  })

  unproven('call such a method InvalidMethod, with status 405', async () => {
    refused(await service.call({ method: 'PATCH', path: logstore.path }), 405, 'InvalidMethod')
  })

  it('refuse a path that leads nowhere', async () => {
    const reply = await service.call({ path: '/no/such/path/at/all' })
    assert.ok(reply.status >= 400 && reply.status < 500, String(reply))
    assert.match(reply.requestId, /^[0-9A-F]{24}$/i)
  })

  it('refuse a type of read that does not exist', async () => {
    const query = { type: 'everything' }
    const reply = await service.call({ path: `${logstore.path}/shards/0`, query })
    assert.equal(reply.status, 400)
  })

  it('ignore a trailing question mark', async () => {
    const reply = await service.call({
      path: logstore.path,
      inTransit: (request) => {
        request.path += '?'
      }
    })
    accepted(reply)
  })

  it('compare the names of headers without regard to case', async () => {
    const reply = await service.call({
      path: logstore.path,
      inTransit: (request) => {
        request.headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name.toUpperCase(), value])
        )
      }
    })
    accepted(reply)
  })
})
