import assert from 'node:assert/strict'
import { serviceOfSuite } from './service'
import type { CallRequest } from './support/calls'
import { eventually } from './support/eventually'
import { refused } from './support/reply'
import { unproven } from './support/unproven'

interface LogstoreList {
  count: number
  total: number
  logstores: string[]
}

describe('Contract: ListLogStores', () => {
  const service = serviceOfSuite()
  let names: string[]
  let common: string
  before(async () => {
    const stores = await Promise.all([0, 1, 2].map(() => service.createLogstore()))
    names = stores.map(({ name }) => name)
    common = commonPrefix(names)
    await eventually(async () => {
      const { logstores } = await list({})
      for (const name of names) assert.ok(logstores.includes(name))
    })
  })

  const list = (query: CallRequest['query']) =>
    service.json<LogstoreList>({
      path: '/logstores',
      query: query === undefined ? {} : { size: 500, offset: 0, ...query }
    })

  it('lists every logstore, also when nothing is asked for in particular', async () => {
    const { logstores } = await service.json<LogstoreList>({ path: '/logstores' })
    assert.ok(logstores.length >= names.length)
  })

  it('counts what it lists, and all there are', async () => {
    const { count, total, logstores } = await list({ size: 2 })
    assert.equal(logstores.length, 2)
    assert.equal(count, 2)
    assert.ok(total >= names.length)
  })

  it('lists the logstores whose name holds a text', async () => {
    const [first = ''] = names
    const { logstores, total } = await list({ logstoreName: first.slice(3) })
    assert.deepEqual(logstores, [first])
    assert.equal(total, 1)
  })

  it('lists none where no name holds the text', async () => {
    assert.deepEqual(await list({ logstoreName: 'no-name-holds-this-text' }), {
      count: 0,
      total: 0,
      logstores: []
    })
  })

  it('gives each logstore once to a caller that goes on by offset and size', async () => {
    const { logstores: all } = await list({ logstoreName: common })
    const paged: string[] = []
    for (let offset = 0; offset < all.length; offset += 2) {
      paged.push(...(await list({ logstoreName: common, offset, size: 2 })).logstores)
    }
    assert.deepEqual([...paged].sort(), [...all].sort())
  })

  it('gives nothing behind the last', async () => {
    const { logstores, count } = await list({ offset: 100_000 })
    assert.deepEqual(logstores, [])
    assert.equal(count, 0)
  })

  it('takes empty parameters for none, as the Node.js SDK sends them', async () => {
    const { logstores } = await list({ logstoreName: '', offset: '', size: '' })
    assert.ok(logstores.length >= names.length)
  })

  unproven('refuses a page of more than 500 as ParameterInvalid', async () => {
    const query = { offset: 0, size: 501 }
    refused(await service.call({ path: '/logstores', query }), 400, 'ParameterInvalid')
  })

  unproven('refuses an offset below 0 as ParameterInvalid', async () => {
    const query = { offset: -1, size: 10 }
    refused(await service.call({ path: '/logstores', query }), 400, 'ParameterInvalid')
  })
})

function commonPrefix([first = '', ...others]: string[]): string {
  let length = first.length
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}
