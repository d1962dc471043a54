import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SlsEmulator } from '../../emulator'
import { read } from '../nodes/logstore'
import { withNodeRed } from '../nodes/runtime'
import { writingFlow } from './support/writing-flow'

const oldKey = { accessKeyId: 'old-id', accessKeySecret: 'old-secret' }
const newKey = { accessKeyId: 'new-id', accessKeySecret: 'new-secret' }
type Key = typeof oldKey

/** Where the key comes from, and how it is changed there. */
interface Vault {
  /** The connection's properties and credential fields. */
  connection: Record<string, unknown>
  credentials: object
  set(key: Key): Promise<void>
  close(): Promise<void>
}

async function profileFile(): Promise<Vault> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sls-rotation-'))
  const file = path.join(folder, 'credentials')
  const saved = { ...process.env }
  process.env['HOME'] = folder
  process.env['ALIBABA_CLOUD_ECS_METADATA_DISABLED'] = 'true'
  process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'] = file
  return {
    connection: { credentialType: 'environment' },
    credentials: {},
    set: ({ accessKeyId, accessKeySecret }) =>
      writeFile(
        file,
        `[default]\ntype = access_key\naccess_key_id = ${accessKeyId}\naccess_key_secret = ${accessKeySecret}\n`
      ),
    close: async () => {
      for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name]
      Object.assign(process.env, saved)
      await rm(folder, { recursive: true })
    }
  }
}

async function credentialsUri(): Promise<Vault> {
  let key = oldKey
  const server = http.createServer((_request, response) => {
    response.end(
      JSON.stringify({
        Code: 'Success',
        AccessKeyId: key.accessKeyId,
        AccessKeySecret: key.accessKeySecret,
        SecurityToken: `token-of-${key.accessKeyId}`,
        Expiration: new Date(Date.now() + 3_600_000).toISOString()
      })
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    connection: { credentialType: 'uri' },
    credentials: {
      credentialsUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    },
    set: (changed) => {
      key = changed
      return Promise.resolve()
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

describe('A key that is rotated while the flow runs', () => {
  withNodeRed()

  for (const [source, open] of [
    ['a profile file', profileFile],
    ['a credentials URI', credentialsUri]
  ] as const) {
    it(`is taken from ${source} at the first refusal: no message fails, no deployment, no red status`, async () => {
      const vault = await open()
      const data = await mkdtemp(path.join(tmpdir(), 'sls-rotation-data-'))
      await vault.set(oldKey)
      const first = await SlsEmulator.start({ quiet: true, data, ...oldKey })
      const { port } = first
      const flow = await writingFlow(first, {
        connection: vault.connection,
        credentials: { connection: vault.credentials }
      })
      flow.send('out', { payload: { n: 1 } })
      await flow.take('done', 1)
      await first.close()
      const second = await SlsEmulator.start({ quiet: true, data, port, ...newKey })
      await vault.set(newKey)
      for (let n = 2; n <= 50; n++) flow.send('out', { payload: { n } })
      await flow.take('done', 50)
      await flow.stop()
      assert.equal(flow.messages('failed').length, 0)
      const red = flow.statuses('out').filter(({ fill }) => fill === 'red')
      assert.deepEqual(red, [])
      const numbers = (await read(second, 50)).map(({ contents }) => Number(contents[0]?.[1]))
      assert.deepEqual(
        numbers.sort((one, other) => one - other),
        Array.from({ length: 50 }, (_, place) => place + 1)
      )
      await second.close()
      await vault.close()
      await rm(data, { recursive: true })
    })
  }
})
