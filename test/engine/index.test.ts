import assert from 'node:assert/strict'
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
