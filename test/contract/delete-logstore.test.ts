import assert from 'node:assert/strict'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { accepted, acceptedEmpty, refused } from './support/reply'

describe('Contract: DeleteLogStore', () => {
  const service = serviceOfSuite()

  const remove = (name: string) => service.call({ method: 'DELETE', path: `/logstores/${name}` })

  it('answers with nothing but a 200; then the logstore is not known any more', async () => {
    const { name, path } = await service.createLogstore()
    acceptedEmpty(await remove(name))
    await eventually(async () => refused(await service.call({ path }), 404, 'LogStoreNotExist'))
  })

  it('makes its shards unreadable and unwritable', async () => {
    const logstore = await service.createLogstore()
    const cursor = await logstore.cursor(0, 'begin')
    accepted(await remove(logstore.name))
    await eventually(async () => refused(await logstore.pullReply(0, cursor), 404, 'LogStoreNotExist'))
    await eventually(async () =>
      refused(await logstore.putBodyReply(Buffer.from('anything')), 404, 'LogStoreNotExist')
    )
  })

  it('takes it off the list', async () => {
    const { name } = await service.createLogstore()
    accepted(await remove(name))
    await eventually(async () => {
      const query = { logstoreName: name, offset: 0, size: 10 }
      const { logstores } = await service.json<{ logstores: string[] }>({ path: '/logstores', query })
      assert.deepEqual(logstores, [])
    })
  })

  it('leaves nothing behind for a logstore of the same name', async () => {
    const logstore = await service.createLogstore()
    const cursor = await logstore.cursor(0, 'end')
    await logstore.put('of the first')
    await logstore.read(0, cursor, 1)
    accepted(await remove(logstore.name))
    const json = { logstoreName: logstore.name, ttl: 1, shardCount: 1 }
    await eventually(async () => accepted(await service.call({ method: 'POST', path: '/logstores', json })))
    await logstore.known(1)
    assert.deepEqual((await logstore.pull(0, await logstore.cursor(0, 'begin'))).groups, [])
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    refused(await remove('no-such-logstore-here'), 404, 'LogStoreNotExist')
  })
})
