import assert from 'node:assert/strict'
import { decompress } from '../../engine/client/compression/compression'
import { jsonRequest, NOW_SECONDS, World } from './world'

type Fields = Record<string, string>

const RANGE = `from=${NOW_SECONDS - 1000}&to=${NOW_SECONDS + 1000}`

describe('GetLogs', () => {
  const world = new World()

  async function write(time: number, fields: Fields, topic = ''): Promise<void> {
    const Contents = Object.entries(fields).map(([Key, Value]) => ({ Key, Value }))
    await world.put({
      Topic: topic,
      Source: 'host',
      LogTags: [{ Key: 'zone', Value: 'eu' }],
      Logs: [{ Time: NOW_SECONDS + time, Contents }]
    })
  }

  async function find(query: string, parameters = RANGE): Promise<string[]> {
    const target = `/logstores/access?type=log&${parameters}&query=${encodeURIComponent(query)}`
    return (await world.client.json<Fields[]>({ target })).map(({ id }) => id ?? '')
  }

  beforeEach(async () => {
    await write(0, { id: 'a', level: 'ERROR', status: '500', message: 'disk full, retrying' }, 'web')
    await write(1, { id: 'b', level: 'INFO', status: '200', message: 'all good' }, 'web')
    await write(2, { id: 'c', level: 'ERROR', status: '404', path: '/users/42' }, 'api')
  })

  for (const [query, expected] of [
    ['', 'abc'],
    ['*', 'abc'],
    ['level: ERROR', 'ac'],
    ['level:error', 'ac'],
    ['level: err*', 'ac'],
    ['level: err', ''],
    ['not level: ERROR', 'b'],
    ['level: ERROR and status: 500', 'a'],
    ['level: ERROR status: 404', 'c'],
    ['level: INFO or status: 404', 'bc'],
    ['level: ERROR not (status: 500 or status: 501)', 'c'],
    ['status > 400', 'ac'],
    ['status >= 500', 'a'],
    ['status < 404', 'b'],
    ['status = 404', 'c'],
    ['status in [404 500]', 'ac'],
    ['status in (404 500]', 'a'],
    ['full', 'a'],
    ['ful', ''],
    ['"disk full"', 'a'],
    ['message: "all good"', 'b'],
    ['path: *', 'c'],
    ['__topic__: web', 'ab'],
    ['__source__: host and 42', 'c'],
    ['__tag__:zone: eu', 'abc'],
    ['not __tag__:zone: "eu" or id: a', 'a'],
    ['missing: x', '']
  ] as const) {
    it(`finds "${expected}" by ${query === '' ? 'nothing' : query}`, async () => {
      assert.equal((await find(query)).join(''), expected)
    })
  }

  for (const query of [
    '* | select count(1)',
    '(level: ERROR',
    'level:',
    'status >',
    'status in [1',
    '"open',
    ')'
  ]) {
    it(`refuses the query ${query}`, async () => {
      const target = `/logstores/access?type=log&${RANGE}&query=${encodeURIComponent(query)}`
      assert.equal(await world.refused(target), '400 InvalidQueryString')
    })
  }

  it('refuses a query that nests without end', async () => {
    const target = `/logstores/access?type=log&${RANGE}&query=${'('.repeat(5000)}`
    assert.equal(await world.refused(target), '400 InvalidQueryString')
  })

  it('takes log times from inclusive, to exclusive', async () => {
    assert.deepEqual(await find('*', `from=${NOW_SECONDS}&to=${NOW_SECONDS + 2}`), ['a', 'b'])
    assert.deepEqual(await find('*', `from=${NOW_SECONDS + 1}&to=${NOW_SECONDS + 1}`), ['b'])
  })

  it('answers in the order of time, or reversed, by line and offset', async () => {
    assert.deepEqual(await find('*', `${RANGE}&reverse=true`), ['c', 'b', 'a'])
    assert.deepEqual(await find('*', `${RANGE}&line=1&offset=1`), ['b'])
    assert.deepEqual(await find('*', `${RANGE}&topic=web&line=&offset=`), ['a', 'b'])
  })

  for (const parameters of ['from=2&to=1', 'from=1', 'to=1']) {
    it(`refuses the range ${parameters}`, async () => {
      assert.equal(await world.refused(`/logstores/access?type=log&${parameters}`), '400 InvalidTimeRange')
    })
  }

  for (const [parameter, value, code] of [
    ['line', 101, 'InvalidLine'],
    ['line', -1, 'InvalidLine'],
    ['offset', -1, 'InvalidOffset'],
    ['offset', 'many', 'InvalidOffset'],
    ['reverse', 'backwards', 'InvalidReverse']
  ] as const) {
    it(`refuses ${parameter}=${value} in both forms`, async () => {
      const target = `/logstores/access?type=log&${RANGE}&${parameter}=${value}`
      assert.equal(await world.refused(target), `400 ${code}`)
      const body = { from: NOW_SECONDS, to: NOW_SECONDS + 1, query: '*', [parameter]: value }
      assert.equal(await world.refused('/logstores/access/logs', body), `400 ${code}`)
    })
  }

  it('answers every field with the reserved ones, and the facts in headers', async () => {
    const answer = await world.client.send({ target: `/logstores/access?type=log&${RANGE}&query=status:404` })
    assert.deepEqual(JSON.parse(answer.body.toString()), [
      {
        __time__: String(NOW_SECONDS + 2),
        __topic__: 'api',
        __source__: 'host',
        '__tag__:zone': 'eu',
        id: 'c',
        level: 'ERROR',
        status: '404',
        path: '/users/42'
      }
    ])
    assert.equal(answer.headers['x-log-progress'], 'Complete')
    assert.equal(answer.headers['x-log-count'], '1')
    assert.equal(answer.headers['x-log-where-query'], 'status:404')
    const info = JSON.parse(String(answer.headers['x-log-query-info'])) as Record<string, unknown>
    assert.deepEqual(info['keys'], Object.keys((JSON.parse(answer.body.toString()) as Fields[])[0] ?? {}))
  })

  it('keeps the facts in headers short and in ASCII, however long the query and the names of the fields', async () => {
    const fields = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`字段-${i}`.repeat(5), 'v']))
    await write(3, { ...fields, id: 'wide' })
    const query = `id: wide or 字段: ${'值'.repeat(3000)}`
    const target = `/logstores/access?type=log&${RANGE}&query=${encodeURIComponent(query)}`
    const { status, headers } = await world.client.send({ target })
    assert.equal(status, 200)
    for (const name of ['x-log-query-info', 'x-log-where-query']) {
      assert.match(String(headers[name]), /^[\x20-\x7e]{1,7000}$/, name)
    }
    const { keys } = JSON.parse(String(headers['x-log-query-info'])) as { keys: string[] }
    assert.ok(keys.length > 10 && keys.length < 300)
  })

  describe('in the newer form', () => {
    const target = '/logstores/access/logs'
    const range = { from: NOW_SECONDS - 10, to: NOW_SECONDS + 10 }

    it('answers meta and data', async () => {
      const { meta, data } = await world.client.json<{ meta: Record<string, unknown>; data: Fields[] }>(
        jsonRequest(target, { ...range, query: 'level: ERROR', line: 1, offset: 1, reverse: true })
      )
      assert.equal(data[0]?.['id'], 'a')
      assert.deepEqual(
        [meta['progress'], meta['count'], meta['hasSQL'], meta['whereQuery']],
        ['Complete', 1, false, 'level: ERROR']
      )
    })

    it('is compressed for a client that accepts it', async () => {
      const request = jsonRequest(target, { ...range, query: '*' })
      const answer = await world.client.send({
        ...request,
        headers: { ...request.headers, 'accept-encoding': 'lz4' }
      })
      assert.equal(answer.headers['x-log-compresstype'], 'lz4')
      const raw = await decompress('lz4', answer.body, Number(answer.headers['x-log-bodyrawsize']))
      assert.equal((JSON.parse(raw.toString()) as { data: unknown[] }).data.length, 3)
    })

    it('refuses what is no JSON object, and SQL', async () => {
      assert.equal(await world.refused(target, []), '400 ParameterInvalid')
      assert.equal(await world.refused(target, { ...range, query: '*|select 1' }), '400 InvalidQueryString')
      assert.equal(await world.refused(target, { from: 5, to: 1, query: '' }), '400 InvalidTimeRange')
    })
  })
})

describe('GetHistograms', () => {
  const world = new World()

  for (const target of ['/logstores/access', '/logstores/access/index']) {
    it(`counts over equal intervals at ${target}`, async () => {
      for (const second of [0, 0, 1, 3]) {
        await world.put({ Logs: [{ Time: NOW_SECONDS + second, Contents: [{ Key: 'k', Value: 'v' }] }] })
      }
      const parameters = `type=histogram&from=${NOW_SECONDS}&to=${NOW_SECONDS + 4}&query=*`
      const answer = await world.client.send({ target: `${target}?${parameters}` })
      const counts = JSON.parse(answer.body.toString()) as {
        from: number
        to: number
        count: number
        progress: string
      }[]
      assert.deepEqual(
        counts.map(({ from, to, count }) => [from - NOW_SECONDS, to - NOW_SECONDS, count]),
        [
          [0, 1, 2],
          [1, 2, 1],
          [2, 3, 0],
          [3, 4, 1]
        ]
      )
      assert.equal(answer.headers['x-log-progress'], 'Complete')
      assert.equal(answer.headers['x-log-count'], '4')
    })
  }

  it('has 60 intervals at most', async () => {
    const target = `/logstores/access?type=histogram&from=${NOW_SECONDS - 86_400}&to=${NOW_SECONDS}&query=*`
    const counts = await world.client.json<{ from: number; to: number }[]>({ target })
    assert.ok(counts.length <= 60)
    assert.equal(counts[0]?.from, NOW_SECONDS - 86_400)
    assert.equal(counts.at(-1)?.to, NOW_SECONDS)
  })

  it('refuses a wrong range', async () => {
    assert.equal(await world.refused('/logstores/access?type=histogram&from=2&to=1'), '400 InvalidTimeRange')
  })
})
