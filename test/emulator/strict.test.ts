import assert from 'node:assert/strict'
import { type RawAnswer, refusalOf } from './raw-client'
import { groupOf, jsonRequest, NOW_SECONDS, World } from './world'

/** What a strict emulator refuses and another takes. */
describe('strict rules', () => {
  const world = new World({ strict: true, logstores: ['access:1'] })
  const put = { method: 'POST', target: '/logstores/access' }
  const log = (Key: string, Value: string) => ({ Logs: [{ Time: NOW_SECONDS, Contents: [{ Key, Value }] }] })

  const cases: Record<string, { code: string; send: () => Promise<RawAnswer> }> = {
    'a group without logs': { code: '400 PostBodyInvalid', send: () => world.put({ Logs: [] }) },
    'a log beyond 1 MiB': {
      code: '400 PostBodyInvalid',
      send: () => world.put(groupOf('x'.repeat(1024 * 1024)))
    },
    'an empty key': { code: '400 InvalidKey', send: () => world.put(log('', 'v')) },
    'a key beyond 128 bytes': { code: '400 InvalidKey', send: () => world.put(log('k'.repeat(129), 'v')) },
    'the wrong raw size of an uncompressed body': {
      code: '400 InvalidBodyRawSize',
      send: () => world.put(groupOf('x'), { headers: { 'x-log-bodyrawsize': '1' } })
    },
    'a body without digest': {
      code: '400 ParameterInvalid',
      send: () =>
        world.client.send({
          ...put,
          body: Buffer.from('0a00', 'hex'),
          headers: { 'content-type': 'application/x-protobuf', 'content-md5': '' }
        })
    },
    'an unknown property of a logstore': {
      code: '400 LogStoreInfoInvalid',
      send: () => world.client.send(jsonRequest('/logstores', { logstoreName: 'other', colour: 'red' }))
    },
    'an encoding that the service does not know': {
      code: '400 InvalidAcceptEncoding',
      send: async () => {
        const cursor = encodeURIComponent(await world.cursor(0, 'begin'))
        const target = `/logstores/access/shards/0?type=log&cursor=${cursor}`
        return world.client.send({ target, headers: { 'accept-encoding': 'br' } })
      }
    }
  }

  for (const [what, { code, send }] of Object.entries(cases)) {
    it(`refuse ${what}`, async () => assert.equal(refusalOf(await send()), code))

    it(`are needed to refuse ${what}`, async () => {
      await world.stop()
      await world.start({ strict: false })
      if (what === 'a body without digest') assert.equal(refusalOf(await send()), '400 PostBodyInvalid')
      else assert.equal((await send()).status, 200)
    })
  }

  it('take what the service takes', async () => {
    assert.equal((await world.put(log('k'.repeat(128), 'v'))).status, 200)
    assert.deepEqual(await world.texts(0), ['v'])
  })
})
