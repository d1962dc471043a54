import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { eventually } from './support/eventually'
import { accepted, acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

const line = { token: [',', ' ', ';'], caseSensitive: false, chn: false }
const text = { type: 'text', token: [',', ' '], caseSensitive: false, alias: '', doc_value: true, chn: false }

interface Index {
  line?: typeof line
  keys?: Record<string, { type: string }>
  lastModifyTime?: unknown
  storage?: unknown
}

describe('Contract: indexes', () => {
  const service = serviceOfSuite()

  const call = (logstore: Logstore, method: string, json?: unknown) =>
    service.call({ method, path: `${logstore.path}/index`, ...(json === undefined ? {} : { json }) })
  const indexOf = async (logstore: Logstore) => accepted(await call(logstore, 'GET')).json<Index>()

  it('are not there in a new logstore: IndexConfigNotExist', async () => {
    refused(await call(await service.createLogstore(), 'GET'), [400, 404], 'IndexConfigNotExist')
  })

  describe('of one logstore', () => {
    let logstore: Logstore
    before(async () => {
      logstore = await service.createLogstore()
    })

    it('are created with nothing but a 200', async () => {
      acceptedEmpty(await call(logstore, 'POST', { line, keys: { level: text } }))
    })

    it('are given back as they were created', async () => {
      const index = await eventually(() => indexOf(logstore))
      assert.deepEqual(index.line?.token, line.token)
      assert.equal(index.line?.caseSensitive, false)
      assert.equal(index.keys?.['level']?.type, 'text')
    })

    it('tell when they were changed last', async () => {
      const { lastModifyTime } = await indexOf(logstore)
      assert.ok(Math.abs(Number(lastModifyTime) - now()) < 600, String(lastModifyTime))
    })

    it('name the kind of their storage', async () => {
      assert.equal((await indexOf(logstore)).storage, 'pg')
    })

    it('are not created twice: IndexAlreadyExist', async () => {
      refused(await call(logstore, 'POST', { line }), 400, 'IndexAlreadyExist')
    })

    it('are changed to other fields', async () => {
      acceptedEmpty(
        await call(logstore, 'PUT', { line, keys: { status: { type: 'long', doc_value: true } } })
      )
      await eventually(async () => {
        const { keys } = await indexOf(logstore)
        assert.deepEqual(Object.keys(keys ?? {}), ['status'])
        assert.equal(keys?.['status']?.type, 'long')
      })
    })

    it('are deleted with nothing but a 200; then they are not there any more', async () => {
      acceptedEmpty(await call(logstore, 'DELETE'))
      await eventually(async () => refused(await call(logstore, 'GET'), [400, 404], 'IndexConfigNotExist'))
    })

    unproven('cannot be changed or deleted where there are none: IndexConfigNotExist', async () => {
      refused(await call(logstore, 'DELETE'), [400, 404], 'IndexConfigNotExist')
      refused(await call(logstore, 'PUT', { line }), [400, 404], 'IndexConfigNotExist')
    })
  })

  it('are refused for an unknown logstore as LogStoreNotExist', async () => {
    for (const method of ['GET', 'DELETE']) {
      refused(
        await service.call({ method, path: '/logstores/no-such-logstore-here/index' }),
        404,
        'LogStoreNotExist'
      )
    }
  })

  it('are refused when the body is not JSON', async () => {
    const { path } = await service.createLogstore()
    const headers = { 'content-type': 'application/json' }
    const body = Buffer.from('{"line"')
    const reply = await service.call({ method: 'POST', path: `${path}/index`, headers, body })
    refused(reply, 400, ['IndexInfoInvalid', 'PostBodyInvalid', 'JsonInfoInvalid', 'ParameterInvalid'])
  })
})
