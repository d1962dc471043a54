import assert from 'node:assert/strict'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { ageOf, deleteLeftovers, ownName } from './support/leftovers'
import { accepted } from './support/reply'

const DAY = 86_400
const TWO_DAYS_AGO = Date.now() / 1000 - 2 * DAY

describe('Contract: what the suite leaves behind', () => {
  const service = serviceOfSuite()

  const create = async (name: string) => {
    const json = { logstoreName: name, ttl: 1, shardCount: 1 }
    accepted(await service.call({ method: 'POST', path: '/logstores', json }))
  }
  const exists = async (name: string) => (await service.call({ path: `/logstores/${name}` })).status === 200

  it('knows the age of its own names and no other', () => {
    assert.ok(Math.abs((ageOf(ownName(1_700_000_000), 1_700_000_060) ?? 0) - 60) < 1)
    for (const name of [
      'access',
      'sls-contract',
      'sls-contract-',
      'sls-contract-mine',
      'my-sls-contract-sxyz00-01234567'
    ]) {
      assert.equal(ageOf(name), undefined, name)
    }
  })

  it('deletes what an earlier run left behind more than a day ago, and nothing else', async () => {
    const old = ownName(TWO_DAYS_AGO)
    const foreign = `not-${ownName(TWO_DAYS_AGO)}`
    const { name: recent } = await service.createLogstore()
    await create(old)
    await create(foreign)
    try {
      await eventually(async () => assert.ok((await exists(old)) && (await exists(foreign))))
      await eventually(async () => assert.ok((await deleteLeftovers(service.call)).includes(old)))
      await eventually(async () => assert.equal(await exists(old), false))
      assert.equal(await exists(recent), true)
      assert.equal(await exists(foreign), true)
    } finally {
      await service.call({ method: 'DELETE', path: `/logstores/${foreign}` })
    }
  })
})
