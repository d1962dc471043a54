import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SlsClient } from '../../engine/client/client'
import { collect, LocalService, quickRetry, readMessages, until } from '../engine/source/local-service'

describe('A key that is rotated while a source reads', () => {
  it('is taken at the first refusal: no error, no log lost, none read again', async () => {
    const data = await mkdtemp(path.join(tmpdir(), 'sls-rotation-'))
    const service = await LocalService.start({ data, accessKeyId: 'old', accessKeySecret: 'old-secret' })
    let key = { accessKeyId: 'old', accessKeySecret: 'old-secret' }
    const { endpoint, project } = service.emulator
    const client = new SlsClient({
      endpoint,
      project,
      credentials: { getCredentials: async () => key },
      retry: quickRetry
    })
    const source = service.source({ client })
    const errors = collect(source, 'error')
    await service.write('access', ['with the old key'])
    assert.deepEqual(await readMessages(source, 1), ['with the old key'])
    key = { accessKeyId: 'new', accessKeySecret: 'new-secret' }
    await service.startAgainWith(key)
    await service.write('access', ['with the new key'])
    assert.deepEqual(await readMessages(source, 1), ['with the new key'])
    await until(() => source.status().lastError === undefined)
    assert.deepEqual(
      errors.filter(({ error }) => error.status === 401 || error.status === 403),
      []
    )
    client.close()
    await service.close()
    await rm(data, { recursive: true, force: true })
  })
})
