import assert from 'node:assert/strict'
import { Logstore, logGroup } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { accepted } from './support/reply'

describe('Contract: tags that the service adds (appendMeta)', () => {
  const service = serviceOfSuite()

  const tagsFrom = async (appendMeta: boolean) => {
    const name = service.newName()
    const json = { logstoreName: name, ttl: 1, shardCount: 1, appendMeta }
    accepted(await service.call({ method: 'POST', path: '/logstores', json }))
    const logstore = new Logstore(service.call, name)
    await logstore.known(1)
    const { group } = await logstore.received({ ...logGroup('tagged'), tags: [['own', 'tag']] })
    return new Map(group.tags)
  }

  it('tell the sender’s address and the second of receipt, beside the writer’s own tags', async () => {
    const tags = await tagsFrom(true)
    assert.equal(tags.get('own'), 'tag')
    assert.match(tags.get('__client_ip__') ?? '', /^[0-9a-f.:]+$/)
    assert.ok(Math.abs(Number(tags.get('__receive_time__')) - now()) < 300)
  })

  it('are not added where the logstore does not ask for them', async () => {
    assert.deepEqual(await tagsFrom(false), new Map([['own', 'tag']]))
  })
})
