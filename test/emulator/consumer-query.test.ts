import assert from 'node:assert/strict'
import { groupOf, NOW_SECONDS, World } from './world'

describe('a query of PullLogs', () => {
  const world = new World({ logstores: ['access:1'] })

  const group = (...logs: readonly Record<string, string>[]) => ({
    Topic: 'web',
    LogTags: [{ Key: 'host', Value: 'h1' }],
    Logs: logs.map((fields, i) => ({
      Time: NOW_SECONDS + i,
      Contents: Object.entries(fields).map(([Key, Value]) => ({ Key, Value }))
    }))
  })

  beforeEach(async () => {
    await world.put(group({ id: 'a', status: '200', ms: '5' }, { id: 'b', status: '500', ms: '70' }))
    await world.put(group({ id: 'c', status: '404', ms: 'slow' }))
  })

  async function run(query: string) {
    return world.pull(0, await world.cursor(0, 'begin'), {
      parameters: `count=10&query=${encodeURIComponent(query)}`
    })
  }

  async function fields(query: string): Promise<string> {
    const { groups } = await run(query)
    const logs = groups.flatMap(({ Logs }) => Logs)
    return logs
      .map(({ Contents }) => Contents.map(({ Key, Value }) => `${Key}=${Value}`).join(' '))
      .join('; ')
  }

  const ids = async (query: string) => fields(`${query} | project id`)

  for (const [query, expected] of [
    ['*', 'id=a; id=b; id=c'],
    ['status: 500', 'id=b'],
    ["* | where status = '500'", 'id=b'],
    ["* | where status != '500'", 'id=a; id=c'],
    ["* | where status <> '500' and id = 'a'", 'id=a'],
    ["* | where id = 'a' or id = 'c'", 'id=a; id=c'],
    ["* | where not (id = 'a')", 'id=b; id=c'],
    ["* | where status like '4%'", 'id=c'],
    ["* | where status not like '%0'", 'id=c'],
    ["* | where status like '50_'", 'id=b'],
    ['* | where cast(status as bigint) >= 404', 'id=b; id=c'],
    ['* | where status < 404', 'id=a'],
    ["* | where status in ('200', '404')", 'id=a; id=c'],
    ['* | where cast(status as bigint) between 300 and 499', 'id=c'],
    ['* | where missing is null', 'id=a; id=b; id=c'],
    ['* | where missing is not null', ''],
    ["* | where missing = 'x'", ''],
    ["* | where __topic__ = 'web' and \"__tag__:host\" = 'h1' and id = 'b'", 'id=b'],
    ['* | where cast(__time__ as bigint) % 2 = 1', 'id=b'],
    ["* | where lower(upper(id)) = 'b'", 'id=b'],
    ["* | where concat(id, '-', status) = 'c-404'", 'id=c'],
    ["* | where id || status = 'c404'", 'id=c'],
    ["* | where coalesce(missing, id) = 'a'", 'id=a'],
    ['* | where length(id) = 1 and substr(status, 1, 1) = 4', 'id=c'],
    ["* | where regexp_like(status, '^[45]\\d+$')", 'id=b; id=c'],
    ["* | where not regexp_like(missing, 'x') or regexp_like(id, 'A')", ''],
    ["* | where id = 'it''s'", '']
  ] as const) {
    it(`keeps ${expected === '' ? 'nothing' : expected} by ${query}`, async () => {
      assert.equal(await ids(query), expected)
    })
  }

  it('projects, renames and removes fields', async () => {
    assert.equal(await fields("* | where id = 'a' | project status, name = id"), 'status=200 name=a')
    assert.equal(await fields("* | where id = 'a' | project-rename code = status"), 'id=a code=200 ms=5')
    assert.equal(await fields("* | where id = 'a' | project-away id, ms"), 'status=200')
  })

  it('extends logs with computed fields, one after another', async () => {
    const query = "* | where id = 'b' | extend s = cast(ms as double) / 1000, t = s * 2 | project s, t"
    assert.equal(await fields(query), 's=0.07 t=0.14')
  })

  it('keeps topic, tags and times', async () => {
    const { groups } = await run("* | where id = 'b'")
    assert.deepEqual(groups, [
      { ...group({}), Logs: [group({}, { id: 'b', status: '500', ms: '70' }).Logs[1]] }
    ])
  })

  it('tells what it read and what it left', async () => {
    const { answer, next } = await run('* | where cast(ms as bigint) > 10')
    const { headers } = answer
    assert.equal(headers['x-log-count'], '1')
    assert.equal(headers['x-log-rawdatacount'], '2')
    assert.equal(headers['x-log-rawdatalines'], '3')
    assert.equal(headers['x-log-resultlines'], '1')
    assert.equal(headers['x-log-failedlines'], '1')
    assert.ok(Number(headers['x-log-rawdatasize']) > 0)
    assert.equal(next, await world.cursor(0, 'end'))
  })

  it('goes on where nothing matches', async () => {
    const { answer, next } = await run("* | where id = 'nobody'")
    assert.equal(answer.headers['x-log-count'], '0')
    assert.equal(answer.headers['x-log-bodyrawsize'], '0')
    assert.equal(next, await world.cursor(0, 'end'))
    assert.notEqual(next, await world.cursor(0, 'begin'))
  })

  for (const query of [
    '* | stats count() by id',
    '* | parse-json body',
    '* | select id',
    '* | where',
    '* | where id =',
    "* | where (id = 'a'",
    '* | where nofunction(id) = 1',
    '* | where cast(id as date) = 1',
    '* | project',
    '* | extend x',
    '* |',
    "* | where id = 'open",
    "* | where id = 'a' id",
    `* | where ${'not '.repeat(1500)} true`
  ]) {
    it(`refuses ${query.slice(0, 40)}`, async () => {
      const cursor = encodeURIComponent(await world.cursor(0, 'begin'))
      const target = `/logstores/access/shards/0?type=log&cursor=${cursor}&query=${encodeURIComponent(query)}`
      assert.equal(await world.refused(target), '400 ParameterInvalid')
    })
  }

  it('is refused even where there is nothing to read', async () => {
    const cursor = encodeURIComponent(await world.cursor(0, 'end'))
    const target = `/logstores/access/shards/0?type=log&cursor=${cursor}&query=${encodeURIComponent('* | stats 1')}`
    assert.equal(await world.refused(target), '400 ParameterInvalid')
  })

  it('is not needed', async () => {
    await world.put(groupOf('x'))
    const { answer } = await world.pull(0, await world.cursor(0, 'begin'), { parameters: 'count=10&query=' })
    assert.equal(answer.headers['x-log-rawdatalines'], undefined)
  })
})
