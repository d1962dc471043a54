import { strict as assert } from 'node:assert'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import fc from 'fast-check'
import type { SlsError } from '../../../engine/client/errors'
import { formatSnapshot, parseSnapshot } from '../../../engine/state/progress-snapshot'
import {
  FileProgressStore,
  MemoryProgressStore,
  type ProgressSnapshot
} from '../../../engine/state/progress-store'

const cursors = { one: 'MQ==', two: 'Mg==', three: 'Mw==' }

function snapshot(name: keyof typeof cursors): ProgressSnapshot {
  return {
    version: 1,
    shards: { 'demo/access/0': { cursor: cursors[name], updateTime: 7, acked: [['NQ==', 'OQ==']] } },
    logstores: { 'demo/access': { initialShards: [0, 1] } }
  }
}

describe('progress in memory', () => {
  it('is a copy of what was saved', async () => {
    const store = new MemoryProgressStore()
    assert.deepEqual(await store.load(), { version: 1, shards: {} })
    const saved = snapshot('one')
    await store.save(saved)
    saved.shards['demo/access/0'] = { cursor: 'OQ==', updateTime: 8 }
    assert.deepEqual(await store.load(), snapshot('one'))
  })
})

describe('progress in a file', () => {
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-state-'))
    file = path.join(folder, 'deep', 'progress.json')
  })

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it('is empty before the first save, and what was saved last afterwards', async () => {
    const store = new FileProgressStore(file)
    assert.deepEqual(await store.load(), { version: 1, shards: {} })
    await store.save(snapshot('one'))
    await store.save(snapshot('two'))
    assert.deepEqual(await new FileProgressStore(file).load(), snapshot('two'))
  })

  it('leaves nothing but the file and the one before it', async () => {
    const store = new FileProgressStore(file)
    for (const name of ['one', 'two', 'three'] as const) await store.save(snapshot(name))
    assert.deepEqual((await readdir(path.dirname(file))).length, 2)
    assert.deepEqual(parseSnapshot(await readFile(`${file}.previous`, 'utf8')), snapshot('two'))
  })

  it('is the snapshot before where the process ended between the two steps of a save', async () => {
    const store = new FileProgressStore(file)
    await store.save(snapshot('one'))
    await store.save(snapshot('two'))
    await rm(file)
    assert.deepEqual(await new FileProgressStore(file).load(), snapshot('one'))
  })

  for (const [what, text] of [
    ['is cut off', formatSnapshot(snapshot('two')).slice(0, 60)],
    ['is empty', ''],
    ['is something else', '[1, 2]'],
    ['has a wrong digit', formatSnapshot(snapshot('two')).replace('"updateTime":7', '"updateTime":9')],
    ['is of a newer version', formatSnapshot({ ...snapshot('two'), version: 2 as 1 })]
  ] as const) {
    it(`is kept aside where it ${what}, and the snapshot before is used`, async () => {
      const store = new FileProgressStore(file)
      await store.save(snapshot('one'))
      await store.save(snapshot('two'))
      await writeFile(file, text)
      const after = new FileProgressStore(file)
      await assert.rejects(after.load(), { code: 'State', message: /damaged.*kept as/ })
      assert.deepEqual(await after.load(), snapshot('one'))
      await after.save(snapshot('three'))
      const names = await readdir(path.dirname(file))
      const aside = names.find((name) => name.includes('.damaged-'))
      assert.ok(aside !== undefined)
      assert.equal(await readFile(path.join(path.dirname(file), aside), 'utf8'), text)
      assert.deepEqual(await new FileProgressStore(file).load(), snapshot('three'))
    })
  }

  const shard = { cursor: 'MQ==', updateTime: 7 }
  const key = 'shards.demo/access/0'
  const wrongTypes: [field: string, content: object][] = [
    ['shards', { shards: [] }],
    [key, { shards: { 'demo/access/0': null } }],
    [`${key}.cursor`, { shards: { 'demo/access/0': { ...shard, cursor: 7 } } }],
    [`${key}.cursor`, { shards: { 'demo/access/0': { ...shard, cursor: 'no cursor' } } }],
    [`${key}.updateTime`, { shards: { 'demo/access/0': { ...shard, updateTime: 'now' } } }],
    [`${key}.finished`, { shards: { 'demo/access/0': { ...shard, finished: 1 } } }],
    [`${key}.acked`, { shards: { 'demo/access/0': { ...shard, acked: 'MQ==' } } }],
    [`${key}.acked[0]`, { shards: { 'demo/access/0': { ...shard, acked: [['MQ==']] } } }],
    [`${key}.acked[0][1]`, { shards: { 'demo/access/0': { ...shard, acked: [['MQ==', null]] } } }],
    [`${key}.replayUntil`, { shards: { 'demo/access/0': { ...shard, replayUntil: {} } } }],
    [`${key}.createTime`, { shards: { 'demo/access/0': { ...shard, createTime: '1' } } }],
    [`${key}.assignment`, { shards: { 'demo/access/0': { ...shard, assignment: 0 } } }],
    ['logstores', { shards: {}, logstores: 'access' }],
    ['logstores.demo/access.initialShards', { shards: {}, logstores: { 'demo/access': {} } }],
    [
      'logstores.demo/access.initialShards',
      { shards: {}, logstores: { 'demo/access': { initialShards: ['0'] } } }
    ]
  ]
  for (const [field, content] of wrongTypes) {
    const text = formatSnapshot({ version: 1, ...content } as ProgressSnapshot)
    it(`counts as damaged, whatever its checksum, where ${field} is wrong: ${JSON.stringify(content)}`, async () => {
      const store = new FileProgressStore(file)
      await store.save(snapshot('one'))
      await store.save(snapshot('two'))
      await writeFile(file, text)
      await assert.rejects(store.load(), (error: SlsError) => {
        assert.equal(error.code, 'State')
        assert.ok(error.message.includes(`The progress in ${file} is damaged (${field} is `), error.message)
        return true
      })
      assert.deepEqual(await store.load(), snapshot('one'))
      await assert.rejects(store.save({ version: 1, ...content } as ProgressSnapshot), {
        code: 'InvalidOption',
        field: 'snapshot'
      })
      assert.deepEqual(await store.load(), snapshot('one'))
    })
  }

  it('never puts a damaged file in the place of the one before', async () => {
    const store = new FileProgressStore(file)
    await store.save(snapshot('one'))
    await store.save(snapshot('two'))
    await writeFile(file, '')
    const after = new FileProgressStore(file)
    await after.load().catch(() => undefined)
    await after.load()
    await after.save(snapshot('three'))
    assert.deepEqual(parseSnapshot(await readFile(`${file}.previous`, 'utf8')), snapshot('one'))
  })

  it('removes what a killed process left half written', async () => {
    const store = new FileProgressStore(file)
    await store.save(snapshot('one'))
    await writeFile(`${file}.1234567`, '{"half')
    await writeFile(path.join(path.dirname(file), 'other.json.1234567'), 'of somebody else')
    await store.load()
    assert.deepEqual((await readdir(path.dirname(file))).length, 2)
  })

  it('says what to do where it cannot be written, and works once it can', async () => {
    await writeFile(path.join(folder, 'deep'), 'a file where a folder should be')
    const store = new FileProgressStore(file)
    await assert.rejects(store.save(snapshot('one')), {
      code: 'State',
      message: /could not be saved to .*progress\.json/
    })
    await rm(path.join(folder, 'deep'))
    await store.save(snapshot('one'))
    assert.deepEqual(await store.load(), snapshot('one'))
  })

  it('says what is wrong where it cannot be read', async () => {
    await mkdir(file, { recursive: true })
    await assert.rejects(new FileProgressStore(file).load(), { code: 'State', message: /could not be read/ })
    await chmod(file, 0o700)
  })

  it('notices any change of one character', () => {
    const text = formatSnapshot(snapshot('one'))
    const body = text.trimEnd().length
    fc.assert(
      fc.property(fc.nat({ max: body - 1 }), fc.integer({ min: 33, max: 126 }), (index, code) => {
        const changed = `${text.slice(0, index)}${String.fromCharCode(code)}${text.slice(index + 1)}`
        if (changed === text) return
        assert.throws(() => parseSnapshot(changed))
      })
    )
  })
})
