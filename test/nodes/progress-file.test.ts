import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatSnapshot, type ProgressSnapshot } from '../../engine/state/progress-snapshot'
import { openProgressFile } from '../../nodes/progress-file'

describe('The progress file of a node', () => {
  let userDir: string
  beforeEach(async () => {
    userDir = await mkdtemp(join(tmpdir(), 'sls-progress-'))
  })
  afterEach(() => rm(userDir, { recursive: true, force: true }))

  const place = 'demo/access/0/MQ=='
  const wrong: [field: string, partial: unknown][] = [
    ['partial', 'all'],
    [`partial.${place}.messages`, { [place]: null }],
    [`partial.${place}.messages`, { [place]: { messages: '3', finished: [] } }],
    [`partial.${place}.finished`, { [place]: { messages: 3 } }],
    [`partial.${place}.finished`, { [place]: { messages: 3, finished: [[0]] } }],
    [`partial.${place}.finished`, { [place]: { messages: 3, finished: [[0, '1']] } }]
  ]
  for (const [field, partial] of wrong) {
    it(`counts as damaged where ${field} is wrong: ${JSON.stringify(partial)}`, async () => {
      const store = await openProgressFile(userDir, 'in')
      await store.save({ version: 1, shards: {} })
      const content = { version: 1, shards: {}, partial }
      await writeFile(store.file, formatSnapshot(content as unknown as ProgressSnapshot))
      await assert.rejects(store.load(), (error: Error & { code: string }) => {
        assert.equal(error.code, 'State')
        assert.ok(error.message.startsWith(`The progress in ${store.file} is damaged (${field} is no `))
        return true
      })
      assert.deepEqual(await store.load(), { version: 1, shards: {} })
    })
  }

  it('keeps what is finished of log groups that are not finished as a whole', async () => {
    const store = await openProgressFile(userDir, 'in')
    const partial = { [place]: { messages: 3, finished: [[0, 1]] } }
    const saved = { version: 1, shards: {}, partial } as ProgressSnapshot
    await store.save(saved)
    assert.deepEqual(await (await openProgressFile(userDir, 'in')).load(), saved)
  })
})
