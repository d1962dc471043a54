import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { compress } from '../../engine/client/compression/compression'
import { encodeGroup, groupOf, jsonRequest, keyAt, NOW, NOW_SECONDS, World } from './world'

/** What a server must do so that every SDK can be pointed at it. */
describe('a server for every SDK', () => {
  const world = new World({ logstores: ['access:1'] })

  describe('finds the project', () => {
    const shards = '/logstores/access/shards'
    beforeEach(() => world.client.send({ ...jsonRequest('/', { projectName: 'second' }), host: '127.0.0.1' }))

    for (const [host, project] of [
      ['second.127.0.0.1', 'second'],
      ['second.127.0.0.1:9000', 'second'],
      ['second.localhost', 'second'],
      ['second.localhost:1', 'second'],
      ['second.cn-hangzhou.log.aliyuncs.com', 'second'],
      ['SECOND.cn-hangzhou-intranet.log.aliyuncs.com', 'second'],
      ['second.log-global.aliyuncs.com', 'second'],
      ['second.emulator.test:80', 'second'],
      ['127.0.0.1', 'demo'],
      ['127.0.0.1:9000', 'demo'],
      ['[::1]:9000', 'demo'],
      ['localhost', 'demo'],
      ['emulator:9000', 'demo'],
      ['cn-hangzhou.log.aliyuncs.com', 'demo'],
      ['cn-hangzhou.sls.aliyuncs.com', 'demo'],
      ['log-global.aliyuncs.com', 'demo']
    ] as const) {
      it(`${project} in Host ${host}`, async () => {
        const logstores = await world.client.json<{ total: number }>({ target: '/logstores', host })
        assert.equal(logstores.total, project === 'demo' ? 1 : 0)
      })
    }

    it('not in a name that is its own', async () => {
      await world.stop()
      await world.start({ hostnames: ['second.sls.test'] })
      const logstores = await world.client.json<{ total: number }>({
        target: '/logstores',
        host: 'second.sls.test'
      })
      assert.equal(logstores.total, 1)
    })

    it('nowhere but in what the host says', async () => {
      assert.equal(
        await world.client.refusal({ target: shards, host: 'third.127.0.0.1' }),
        '404 ProjectNotExist'
      )
    })

    it('in a target in absolute form, whatever Host says', async () => {
      const text = signed('GET', '/logstores')
      const answer = await exchange(
        `GET http://second.cn-hangzhou.log.aliyuncs.com:80/logstores HTTP/1.1\r\nHost: 127.0.0.1\r\n${text}\r\n\r\n`
      )
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*"total":0/)
    })

    it('and does not mind a bare question mark', async () => {
      const answer = await exchange(
        `GET ${shards}? HTTP/1.1\r\nHost: demo.x\r\n${signed('GET', shards)}\r\n\r\n`
      )
      assert.match(answer, /^HTTP\/1\.1 200 /)
    })
  })

  it('takes chunked bodies', async () => {
    const body = encodeGroup(groupOf('chunked'))
    const half = body.length >>> 1
    const chunks = [body.subarray(0, half), body.subarray(half)].map((chunk) =>
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
    )
    const head = [
      'POST /logstores/access HTTP/1.1',
      'Host: demo.127.0.0.1',
      'Transfer-Encoding: chunked',
      'Content-Type: application/x-protobuf',
      signed('POST', '/logstores/access', 'application/x-protobuf')
    ].join('\r\n')
    const answer = await exchange(
      Buffer.concat([Buffer.from(`${head}\r\n\r\n`), ...chunks, Buffer.from('0\r\n\r\n')])
    )
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.deepEqual(await world.texts(0), ['chunked'])
  })

  it('asks for the length of a body that is neither told nor chunked', async () => {
    const head = 'POST /logstores HTTP/1.1\r\nHost: demo.127.0.0.1\r\nConnection: close\r\n\r\n'
    assert.match(await exchange(head), /^HTTP\/1\.1 411 .*\{"errorCode":"MissingContentLength",/s)
  })

  it('takes Content-Length: 0 on GET', async () => {
    const answer = await world.client.send({ target: '/logstores', headers: { 'content-length': '0' } })
    assert.equal(answer.status, 200)
  })

  it('says nothing of a client that leaves in the middle of a body', async () => {
    await world.stop()
    await world.start({ quiet: false })
    const { error } = console
    const said: unknown[] = []
    console.error = (...words: unknown[]) => said.push(words)
    try {
      const head = 'POST /logstores/access HTTP/1.1\r\nHost: demo.127.0.0.1\r\nContent-Length: 9\r\n\r\n'
      await new Promise<void>((resolve) => {
        const socket = connect(world.emulator.port, '127.0.0.1', () =>
          socket.write(`${head}half`, () => socket.destroy())
        )
        socket.on('close', () => resolve())
      })
      assert.equal((await world.client.send({ target: '/logstores' })).status, 200)
      await world.stop()
    } finally {
      console.error = error
    }
    assert.deepEqual(said, [])
  })

  it('answers Expect: 100-continue', async () => {
    const body = encodeGroup(groupOf('expected'))
    const head = [
      'POST /logstores/access HTTP/1.1',
      'Host: demo.127.0.0.1',
      'Expect: 100-continue',
      `Content-Length: ${body.length}`,
      'Content-Type: application/x-protobuf',
      signed('POST', '/logstores/access', 'application/x-protobuf')
    ].join('\r\n')
    const answer = await exchange(Buffer.from(`${head}\r\n\r\n`), body)
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  })

  for (const method of ['hmac-sha1', 'hmac-sha256'] as const) {
    it(`verifies the older scheme by ${method}, with x-log-date in the place of Date`, async () => {
      const date = new Date(NOW).toUTCString()
      const lines = (signedDate: string) => {
        const text = `GET\n\n\n${signedDate}\nx-log-apiversion:0.6.0\nx-log-signaturemethod:${method}\n/logstores`
        const hash = method === 'hmac-sha1' ? 'sha1' : 'sha256'
        const signature = createHmac(hash, world.emulator.accessKeySecret).update(text).digest('base64')
        return [
          'GET /logstores HTTP/1.1',
          'Host: demo.127.0.0.1',
          'Date: Thu, 01 Jan 1970 00:00:00 GMT',
          `x-log-date: ${date}`,
          'x-log-apiversion: 0.6.0',
          `x-log-signaturemethod: ${method}`,
          `Authorization: LOG ${world.emulator.accessKeyId}:${signature}`,
          'Connection: close\r\n\r\n'
        ].join('\r\n')
      }
      assert.match(await exchange(lines(date)), /^HTTP\/1\.1 200 /)
      const other = await exchange(lines('Thu, 01 Jan 1970 00:00:00 GMT'))
      assert.match(other, /^HTTP\/1\.1 401 [\s\S]*"errorCode":"SignatureNotMatch"/)
    })
  }

  it('verifies the newer scheme with Host as it was received', async () => {
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    const day = new Date(NOW).toISOString().slice(0, 10).replaceAll('-', '')
    const dateTime = `${day}T120000Z`
    const lines = (signedHost: string, host: string) => {
      const headers = {
        host: signedHost,
        'x-log-apiversion': '0.6.0',
        'x-log-content-sha256': sha256(''),
        'x-log-date': dateTime
      }
      const pairs = Object.entries(headers).map(([name, value]) => `${name}:${value}`)
      const names = Object.keys(headers).join(';')
      const canonical = ['GET', '/logstores', '', ...pairs, '', names, sha256('')].join('\n')
      const scope = `${day}/cn-hangzhou/sls/aliyun_v4_request`
      const key = [day, 'cn-hangzhou', 'sls', 'aliyun_v4_request'].reduce<Buffer>(
        (previous, part) => hmac(previous, part),
        Buffer.from(`aliyun_v4${world.emulator.accessKeySecret}`)
      )
      const text = `SLS4-HMAC-SHA256\n${dateTime}\n${scope}\n${sha256(canonical)}`
      const signature = hmac(key, text).toString('hex')
      const authorization = `SLS4-HMAC-SHA256 Credential=${world.emulator.accessKeyId}/${scope},Signature=${signature}`
      const sent = Object.entries({ ...headers, host, authorization, connection: 'close' })
      return `GET /logstores HTTP/1.1\r\n${sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    }
    for (const host of ['demo.cn-hangzhou.log.aliyuncs.com', 'demo.127.0.0.1:9000', 'DEMO.127.0.0.1']) {
      assert.match(await exchange(lines(host, host)), /^HTTP\/1\.1 200 /, host)
    }
    assert.match(await exchange(lines('demo.127.0.0.1', 'demo.127.0.0.1:9000')), /^HTTP\/1\.1 401 /)
  })

  it('is lenient with the raw size of plain bodies and strict with that of compressed ones', async () => {
    const raw = encodeGroup(groupOf('x'))
    const lz4 = await compress('lz4', raw)
    const verdict = async (body: Buffer, headers: Record<string, string>) =>
      (await world.put(body, { headers })).status
    assert.equal(await verdict(raw, { 'x-log-bodyrawsize': '0' }), 200)
    assert.equal(await verdict(raw, { 'x-log-bodyrawsize': '' }), 200)
    assert.equal(await verdict(lz4, { 'x-log-bodyrawsize': '0', 'x-log-compresstype': 'lz4' }), 400)
    assert.equal(await verdict(lz4, { 'x-log-bodyrawsize': '', 'x-log-compresstype': 'lz4' }), 400)
  })

  it('takes every form of the same call', async () => {
    for (const target of [
      '/logstores/access',
      '/logstores/access/shards/lb',
      `/logstores/access/shards/route?key=${keyAt(0)}`
    ]) {
      assert.equal((await world.put(groupOf('x'), { target })).status, 200, target)
    }
    const cursor = encodeURIComponent(await world.cursor(0, 'begin'))
    const shard = '/logstores/access/shards/0'
    const range = `from=${NOW_SECONDS}&to=${NOW_SECONDS + 1}`
    for (const target of [
      `${shard}?type=log&cursor=${cursor}`,
      `${shard}?type=logs&cursor=${cursor}`,
      `${shard}?type=log&cursor=${cursor}&end_cursor=${cursor}`,
      `${shard}?type=log&cursor=${cursor}&endCursor=${cursor}`,
      `/logstores/access?type=histogram&${range}&accurate=True`,
      `/logstores/access/index?type=histogram&${range}`,
      '/logstores?logstoreName=&offset=&size='
    ]) {
      assert.equal((await world.client.send({ target })).status, 200, target)
    }
    await world.post('/logstores/access/consumergroups', { consumerGroup: 'g' })
    for (const force of ['True', 'true', 'TRUE']) {
      const target = `/logstores/access/consumergroups/g?type=checkpoint&consumer=&forceSuccess=${force}`
      assert.equal((await world.post(target, { shard: 0, checkpoint: 'MQ==' })).status, 200, force)
    }
  })

  it('compresses every pull that holds anything for a client that takes lz4', async () => {
    await world.put(groupOf('x'))
    const { answer } = await world.pull(0, await world.cursor(0, 'begin'))
    for (const name of [
      'x-log-cursor',
      'x-log-count',
      'x-log-bodyrawsize',
      'x-log-compresstype',
      'x-log-read-last-cursor',
      'x-log-cursor-time',
      'x-log-end-of-cursor'
    ]) {
      assert.ok(name in answer.headers, name)
    }
  })

  it('says application/json of no empty answer, and of every error, with a request id', async () => {
    const group = '/logstores/access/consumergroups/g'
    for (const request of [
      jsonRequest('/logstores', { logstoreName: 'other' }),
      jsonRequest('/logstores/other', { ttl: 1 }, 'PUT'),
      { method: 'DELETE', target: '/logstores/other' },
      jsonRequest('/logstores/access/consumergroups', { consumerGroup: 'g' }),
      jsonRequest(group, { timeout: 5 }, 'PUT'),
      jsonRequest(`${group}?type=checkpoint&forceSuccess=true`, { shard: 0, checkpoint: 'MQ==' }),
      { method: 'DELETE', target: group },
      jsonRequest('/logstores/access/index', {}),
      jsonRequest('/logstores/access/index', {}, 'PUT'),
      { method: 'DELETE', target: '/logstores/access/index' },
      jsonRequest('/', { description: '' }, 'PUT'),
      { method: 'DELETE', target: '/' }
    ]) {
      const answer = await world.client.send(request)
      assert.equal(answer.status, 200, `${request.method} ${request.target}`)
      assert.equal(answer.headers['content-type'], undefined, `${request.method} ${request.target}`)
      assert.equal(answer.headers['content-length'], '0')
      assert.match(String(answer.headers['x-log-requestid']), /^[0-9A-F]{24}$/)
    }
    assert.equal(await world.refused('/logstores/gone'), '404 ProjectNotExist')
    assert.match(
      await exchange('NONSENSE\r\n\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*application\/json[\s\S]*x-log-requestid: [0-9A-F]{24}[\s\S]*"errorCode":"BadRequest"/
    )
    assert.match(
      await exchange('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'),
      /^HTTP\/1\.1 405 [\s\S]*"errorCode":"InvalidMethod"/
    )
    assert.match(
      await exchange('GET /logstores HTTP/1.1\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*"errorCode":"MissingHost"/
    )
    assert.match(
      await exchange('GET /logstores HTTP/1.1\r\nHost: :80\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*"errorCode":"InvalidHost"/
    )
  })

  it('begins every request id with the seconds of its clock, and gives none twice', async () => {
    const ids = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const { headers } = await world.client.send({ target: '/logstores' })
      const id = String(headers['x-log-requestid'])
      assert.equal(Number.parseInt(id.slice(0, 8), 16), NOW_SECONDS)
      ids.add(id)
    }
    assert.equal(ids.size, 50)
  })

  it('never says Content-Encoding', async () => {
    await world.put(groupOf('x'))
    for (const encoding of ['lz4', 'deflate', 'gzip', 'zstd', 'gzip, deflate, br']) {
      const cursor = await world.cursor(0, 'begin')
      const { answer } = await world.pull(0, cursor, { headers: { 'accept-encoding': encoding } })
      assert.equal(answer.headers['content-encoding'], undefined, encoding)
    }
  })

  it('tells its own time', async () => {
    const { headers } = await world.client.send({ target: '/logstores' })
    assert.equal(headers['x-log-time'], String(NOW_SECONDS))
    assert.equal(headers['date'], new Date(NOW).toUTCString())
    assert.equal(headers['access-control-allow-origin'], '*')
    const control = await world.client.exchange(
      'GET',
      '/_emulator/page',
      { host: '127.0.0.1' },
      Buffer.alloc(0)
    )
    assert.equal(control.status, 200)
    assert.equal(control.headers['access-control-allow-origin'], undefined)
  })

  /** Headers of the older scheme, signed, as they stand on the wire. */
  function signed(method: string, resource: string, contentType = ''): string {
    const date = new Date(NOW).toUTCString()
    const text = `${method}\n\n${contentType}\n${date}\nx-log-apiversion:0.6.0\nx-log-signaturemethod:hmac-sha1\n${resource}`
    const signature = createHmac('sha1', world.emulator.accessKeySecret).update(text).digest('base64')
    return [
      `Date: ${date}`,
      'x-log-apiversion: 0.6.0',
      'x-log-signaturemethod: hmac-sha1',
      `Authorization: LOG ${world.emulator.accessKeyId}:${signature}`,
      'Connection: close'
    ].join('\r\n')
  }

  /** Everything the server says to these bytes; the second part is sent when it asked for it. */
  function exchange(bytes: Buffer | string, afterContinue?: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(world.emulator.port, '127.0.0.1', () => socket.write(bytes))
      let received = ''
      let rest = afterContinue
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
        if (rest === undefined || !received.includes('100 Continue')) return
        socket.write(rest)
        rest = undefined
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(received))
    })
  }
})
