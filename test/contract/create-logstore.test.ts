import assert from 'node:assert/strict'
import { Logstore } from './logstore'
import { serviceOfSuite } from './service'
import { acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

const BAD_NAME = ['ParameterInvalid', 'LogStoreInfoInvalid']
const BAD_INFO = ['LogStoreInfoInvalid', 'ParameterInvalid']

describe('Contract: CreateLogStore', () => {
  const service = serviceOfSuite()

  const create = (json: unknown) => service.call({ method: 'POST', path: '/logstores', json })

  it('answers with nothing but a 200', async () => {
    acceptedEmpty(await create({ logstoreName: service.newName(), ttl: 1, shardCount: 1 }))
  })

  it('makes a logstore with as many shards as asked for, that can be read and written', async () => {
    const name = service.newName()
    acceptedEmpty(await create({ logstoreName: name, ttl: 1, shardCount: 3 }))
    const logstore = new Logstore(service.call, name)
    await logstore.known(3)
    assert.equal((await logstore.shards()).length, 3)
  })

  it('takes everything that SDKs send along', async () => {
    const settings = { enable_tracking: true, autoSplit: true, maxSplitShard: 8, appendMeta: true }
    const basic = { logstoreName: service.newName(), ttl: 7, shardCount: 1 }
    acceptedEmpty(await create({ ...basic, ...settings, mode: 'standard', telemetryType: '' }))
  })

  it('takes a raw size of 0 with its JSON body, as the Python SDK sends it', async () => {
    const json = { logstoreName: service.newName(), ttl: 1, shardCount: 1 }
    const headers = { 'x-log-bodyrawsize': '0' }
    acceptedEmpty(await service.call({ method: 'POST', path: '/logstores', json, headers }))
  })

  it('takes 3650 days, which stands for ever', async () => {
    acceptedEmpty(await create({ logstoreName: service.newName(), ttl: 3650, shardCount: 1 }))
  })

  it('takes a name of 63 letters, digits, hyphens and underscores', async () => {
    const name = service.newName(`${'_-'.repeat(17)}0`)
    assert.equal(name.length, 63)
    acceptedEmpty(await create({ logstoreName: name, ttl: 1, shardCount: 1 }))
  })

  it('refuses a name that is taken as LogStoreAlreadyExist', async () => {
    const { name } = await service.createLogstore()
    refused(await create({ logstoreName: name, ttl: 1, shardCount: 1 }), 400, 'LogStoreAlreadyExist')
  })

  for (const [name, words] of [
    ['ab', 'of two characters'],
    ['a'.repeat(64), 'of 64 characters'],
    ['Capital', 'with a capital'],
    ['-leading', 'that begins with a hyphen'],
    ['trailing_', 'that ends with an underscore'],
    ['with.dot', 'with a dot'],
    ['with space', 'with a space'],
    ['日志', 'with Chinese characters']
  ] as const) {
    it(`refuses a name ${words}`, async () => {
      refused(await create({ logstoreName: name, ttl: 1, shardCount: 1 }), 400, BAD_NAME)
    })
  }

  for (const ttl of [0, 3651]) {
    it(`refuses to keep data for ${ttl} days`, async () => {
      refused(await create({ logstoreName: service.newName(), ttl, shardCount: 1 }), 400, BAD_INFO)
    })
  }

  for (const shardCount of [0, -1, 101]) {
    it(`refuses ${shardCount} shards`, async () => {
      refused(await create({ logstoreName: service.newName(), ttl: 1, shardCount }), 400, BAD_INFO)
    })
  }

  it('refuses a property that it does not know in words by which the Python SDK tries again without', async () => {
    const reply = await create({ logstoreName: service.newName(), ttl: 1, shardCount: 1, noSuchProperty: 1 })
    refused(reply, 400, 'LogStoreInfoInvalid', /redundant key exist in json/)
  })

  it('refuses a body without a name', async () => {
    refused(await create({ ttl: 1, shardCount: 1 }), 400, [...BAD_INFO, 'PostBodyInvalid', 'JsonInfoInvalid'])
  })

  it('refuses a body that is not JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    const reply = await service.call({
      method: 'POST',
      path: '/logstores',
      headers,
      body: Buffer.from('{ttl')
    })
    refused(reply, 400, ['LogStoreInfoInvalid', 'PostBodyInvalid', 'JsonInfoInvalid', 'ParameterInvalid'])
  })

  unproven('names what is wrong with the settings LogStoreInfoInvalid', async () => {
    refused(
      await create({ logstoreName: service.newName(), ttl: 0, shardCount: 1 }),
      400,
      'LogStoreInfoInvalid'
    )
  })
})
