import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as engine from '../../engine'

describe('The public face of the engine', () => {
  it('exports the client, the source, the sink and the stores of progress', () => {
    const { SlsClient, SlsSource, SlsSink, SlsError, FileProgressStore, MemoryProgressStore } = engine
    for (const face of [SlsClient, SlsSource, SlsSink, SlsError, FileProgressStore, MemoryProgressStore]) {
      assert.equal(typeof face, 'function')
    }
  })

  it('is enough to write a log and read it back with single calls', () => {
    const encoder = new engine.LogGroupEncoder({ topic: 't' })
    encoder.append({ time: 1, contents: { a: 'b' } })
    const [group] = engine.parseLogGroupList(
      Buffer.concat([Buffer.from([0x0a, encoder.byteLength]), encoder.finish()])
    )
    assert.deepEqual(group?.records().records, [{ a: 'b' }])
  })

  it('has typings that need neither interop of default imports nor the newest TypeScript', () => {
    const typings = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.d.ts')
    )
    const lines = typings.flatMap((file) => readFileSync(join('dist', file), 'utf8').split('\n'))
    assert.ok(typings.includes(join('engine', 'index.d.ts')))
    assert.deepEqual(
      lines.filter((line) => /^import (?!type )\w+[, ].*from|\bBuffer</.test(line)),
      []
    )
  })

  it('has typings at every entry for projects that resolve modules the older way, too', () => {
    const { exports, types, typesVersions } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, string | { types: string }>
      types: string
      typesVersions?: { '*': Record<string, readonly string[]> }
    }
    for (const [entry, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue
      const older = entry === '.' ? types : typesVersions?.['*'][entry.slice(2)]?.[0]
      assert.equal(older, target.types.slice(2), entry)
    }
  })

  it('takes a proxy and credentials by their types alone', () => {
    const credentials: engine.CredentialConfig = {
      type: 'accessKey',
      accessKeyId: 'id',
      accessKeySecret: 's'
    }
    const proxy: engine.ProxyOptions = { url: 'http://127.0.0.1:3128' }
    const client = new engine.SlsClient({
      endpoint: 'http://127.0.0.1:9000',
      project: 'demo',
      credentials: engine.credentialsProvider(credentials),
      proxy
    })
    assert.deepEqual([client.project, client.endpoint], ['demo', 'http://127.0.0.1:9000'])
    client.close()
  })
})
