import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator/index'
import { read, write } from './logstore'
import {
  connection,
  errorOf,
  type FlowNode,
  keyOf,
  run,
  tab,
  unreadableIn,
  until,
  withNodeRed
} from './runtime'

function slsOut(properties: Readonly<Record<string, unknown>> = {}): FlowNode {
  return {
    id: 'out',
    z: 'tab',
    type: 'sls-out',
    config: 'connection',
    logstore: 'access',
    flushInterval: 0,
    wires: [],
    ...properties
  }
}

/** As Node-RED leaves it where there is no such variable. */
const unsetVariable = ['$', '{NO_SUCH_VARIABLE}'].join('')

const probes: FlowNode[] = [
  { id: 'complete', z: 'tab', type: 'complete', scope: ['out'], wires: [['done']] },
  { id: 'done', z: 'tab', type: 'helper', wires: [] },
  { id: 'catch', z: 'tab', type: 'catch', scope: ['out'], wires: [['failed']] },
  { id: 'failed', z: 'tab', type: 'helper', wires: [] }
]

function quick(sls: SlsEmulator): FlowNode {
  return connection(sls, { baseRetryBackoff: 10, maxRetryBackoff: 50, maxRetriesRetryable: -1 })
}

describe('sls-out', () => {
  withNodeRed()
  let sls: SlsEmulator
  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:2', 'other:1'] })
  })
  afterEach(() => sls.close())

  it('completes a message once, after SLS has accepted it, with the receipt beside the untouched message', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
    flow.send('out', { payload: { level: 'info', text: 'hello' }, sls: { id: 'kept' } })
    const message = await flow.first('done')
    assert.deepEqual(message.payload, { level: 'info', text: 'hello' })
    assert.deepEqual(message.sls, { id: 'kept' })
    const receipt = message['slsReceipt'] as { logs: number; logstore: string; requestIds: string[] }
    assert.equal(receipt.logs, 1)
    assert.equal(receipt.logstore, 'access')
    assert.equal(receipt.requestIds.length, 1)
    const [log] = await read(sls, 1)
    assert.deepEqual(log?.contents, [
      ['level', 'info'],
      ['text', 'hello']
    ])
    await flow.stop()
    assert.equal(flow.messages('done').length, 1)
    assert.equal(flow.messages('failed').length, 0)
  })

  it('completes a frozen message, too, without a receipt', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
    flow.send('out', Object.freeze({ payload: { text: 'cold' } }))
    const message = await flow.first('done')
    assert.deepEqual(message.payload, { text: 'cold' })
    assert.equal(message['slsReceipt'], undefined)
    assert.equal((await read(sls, 1)).length, 1)
  })

  it('reports a message that no Catch node can have, since it cannot be cloned', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
    const payload = Object.defineProperty({}, 'text', {
      enumerable: true,
      get: () => {
        throw new Error('no text')
      }
    })
    flow.send('out', { payload })
    flow.send('out', { payload: { text: 'after' } })
    await flow.first('done')
    assert.ok(flow.reports('out').some((report) => /InvalidLog: msg\.payload/.test(report)))
  })

  for (const [property, field] of [
    ['action', 'msg.action'],
    ['payload', 'msg.payload'],
    ['logstore', 'msg.logstore']
  ] as const) {
    it(`fails a message whose ${property} cannot be read by a code and the name of the field`, async () => {
      const node = slsOut({ overrideLogstore: true })
      const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
      flow.send('out', unreadableIn({ payload: 'x' }, property))
      const { code, message } = errorOf(await flow.first('failed'))
      assert.equal(code, 'InvalidLog')
      assert.match(message, new RegExp(`${field} cannot be read: out of order`))
      flow.send('out', { payload: { text: 'after' } })
      await flow.first('done')
      assert.equal(flow.messages('failed').length, 1)
    })
  }

  it('fails a request for its status that cannot bear the answer', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
    flow.send('out', Object.freeze({ action: 'status' }))
    const { code, message } = errorOf(await flow.first('failed'))
    assert.equal(code, 'InvalidLog')
    assert.match(message, /msg\.payload/)
  })

  it('reports each message whose context store has not answered when the node closes', async () => {
    const node = slsOut({ content: 'what', contentType: 'flow' })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    flow.answerContext('out', () => undefined)
    flow.send('out', { payload: 1 })
    flow.send('out', { payload: 2 })
    await flow.stop()
    const closed = flow.reports('out').filter((report) => report.startsWith('Closed: '))
    assert.equal(closed.length, 2, flow.reports('out').join())
  })

  it('refuses a message that cannot become a log by the name of the field, and sends the others', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
    const circle: Record<string, unknown> = { text: 'round' }
    circle['self'] = { circle }
    flow.send('out', { payload: { text: 'before' } })
    flow.send('out', { payload: circle })
    flow.send('out', { payload: undefined })
    flow.send('out', { payload: { text: 'after' } })
    const done = await flow.take('done', 2)
    assert.deepEqual(
      done.map(({ payload }) => payload),
      [{ text: 'before' }, { text: 'after' }]
    )
    const failed = await flow.take('failed', 2)
    const texts = failed.map((message) => errorOf(message).message)
    assert.match(texts[0] ?? '', /^InvalidLog: .*msg\.payload\.self\.circle/)
    assert.match(texts[1] ?? '', /^InvalidLog: msg\.payload is undefined/)
    assert.equal((await read(sls, 2)).length, 2)
  })

  it('takes content, time, topic, source and tags from typed inputs', async () => {
    const node = slsOut({
      content: '$merge([payload, {"more": 1 + 1}])',
      contentType: 'jsonata',
      time: 'at',
      timeType: 'msg',
      topic: 'device.name',
      topicType: 'msg',
      source: 'gateway',
      sourceType: 'str',
      tags: '{"site":"plant 3"}',
      tagsType: 'json'
    })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    const second = Math.floor(Date.now() / 1000)
    flow.send('out', { payload: { a: 'x' }, at: `${second}.123456789`, device: { name: 'pump' } })
    await flow.take('done', 1)
    const [log] = await read(sls, 1)
    assert.deepEqual(log?.contents, [
      ['a', 'x'],
      ['more', '2']
    ])
    assert.deepEqual([log.time, log.timeNs, log.topic, log.source], [second, 123_456_789, 'pump', 'gateway'])
    assert.deepEqual(log.tags, [['site', 'plant 3']])
  })

  it('takes each kind of typed input for each of its options', async () => {
    const every = (type: string, values: Record<string, string>) => ({
      ...Object.fromEntries(Object.keys(values).map((property) => [`${property}Type`, type])),
      ...values
    })
    const names = { content: 'content', topic: 'topic', source: 'source', tags: 'tags', hashKeyValue: 'key' }
    const second = Math.floor(Date.now() / 1000)
    const given = { content: 'text', topic: 't', source: 's', tags: { site: '1' }, key: 'k', at: second }
    process.env['SLS_OUT_TEXT'] = 'text'
    try {
      for (const [type, values] of [
        ['msg', { ...names, time: 'at' }],
        ['flow', { ...names, time: 'at' }],
        ['global', { ...names, time: 'at' }],
        ['jsonata', { ...names, time: 'at', topic: '$lowercase("T")', tags: '{"site": $string(1)}' }],
        ['env', { content: 'SLS_OUT_TEXT', hashKeyValue: 'SLS_OUT_TEXT' }],
        ['str', { content: 'text', topic: 't', source: 's', hashKeyValue: 'k', time: String(second) }]
      ] as const) {
        const service = await SlsEmulator.start({ quiet: true, logstores: ['access:2'] })
        const node = slsOut({ hashKey: 'md5', ...every(type, values) })
        const flow = await run([tab, connection(service), node, ...probes], { credentials: keyOf(service) })
        if (type === 'flow' || type === 'global') {
          const context = flow.context('out', type)
          for (const [name, value] of Object.entries(given)) context.set(name, value)
        }
        flow.send('out', { ...given, payload: 'not this' })
        await flow.take('done', 1)
        const [log] = await read(service, 1)
        assert.deepEqual(log?.contents, [['message', 'text']], type)
        if (type !== 'env') assert.deepEqual([log?.topic, log?.source, log?.time], ['t', 's', second], type)
        if (type !== 'env' && type !== 'str') assert.deepEqual(log?.tags, [['site', '1']], type)
        await flow.stop()
        await service.close()
      }
    } finally {
      delete process.env['SLS_OUT_TEXT']
    }
  })

  it('refuses a log that is too large for SLS by its size, and sends those beside it', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
    flow.send('out', { payload: { n: 1 } })
    flow.send('out', { payload: { huge: '大'.repeat(4_000_000) } })
    flow.send('out', { payload: [{ n: 2 }, { huge: 'x'.repeat(11_000_000) }] })
    flow.send('out', { payload: { large: 'x'.repeat(9_000_000) } })
    const done = await flow.take('done', 2)
    assert.equal(done.length, 2)
    const errors = (await flow.take('failed', 2)).map(errorOf)
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['LogTooLarge', 'LogTooLarge']
    )
    assert.match(errors[0]?.message ?? '', /log 0 has 12000\d\d\d bytes/)
    assert.match(errors[1]?.message ?? '', /log 1 has 11000\d\d\d bytes/)
    const sizes = (await read(sls, 2)).map(({ contents }) => contents[0]?.[1]?.length)
    assert.deepEqual(sizes.sort(), [1, 9_000_000])
  })

  for (const output of ['log', 'group', 'fetch', 'raw']) {
    it(`copies a logstore that sls-in reads with output ${output}, log by log`, async () => {
      const time = Math.floor(Date.now() / 1000) - 100
      const contents: [string, string][] = [
        ['zz', '1'],
        ['空', ''],
        ['aa', '🚀']
      ]
      for (const [topic, tags] of [
        ['one', [['host', 'a']]],
        ['', []]
      ] as const) {
        const logs = [1, 2, 3].map((n) => ({ time: time + n, timeNs: n * 1000, contents }))
        await write(sls, { topic, source: `from ${topic}`, tags, logs })
      }
      const reader = {
        id: 'in',
        z: 'tab',
        type: 'sls-in',
        config: 'connection',
        logstores: 'access',
        fetchInterval: 10,
        output,
        wires: [['out']]
      }
      const flow = await run([tab, connection(sls), reader, slsOut({ logstore: 'other' }), ...probes], {
        credentials: keyOf(sls)
      })
      const copies = await read(sls, 6, 'other')
      await flow.stop()
      const plain = (logs: Awaited<ReturnType<typeof read>>) =>
        logs
          .map(({ time: second, timeNs, contents: fields, topic, source, tags }) =>
            JSON.stringify([second, timeNs, fields, topic, source, tags])
          )
          .sort()
      assert.deepEqual(plain(copies), plain(await read(sls, 6)))
    })
  }

  it('keeps the order of messages whose values take time to get', async () => {
    const node = slsOut({ content: '{"n": payload}', contentType: 'jsonata', ordered: true })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    for (let n = 0; n < 50; n++) flow.send('out', { payload: n })
    const done = await flow.take('done', 50)
    assert.deepEqual(
      done.map(({ payload }) => payload),
      Array.from({ length: 50 }, (_, n) => n)
    )
  })

  it('follows msg.logstore where the node names none or allows it, and only there', async () => {
    const flow = await run(
      [tab, connection(sls), slsOut({ logstore: '' }), { ...slsOut(), id: 'fixed' }, ...probes],
      { credentials: keyOf(sls) }
    )
    flow.send('out', { payload: 'one', logstore: 'other' })
    flow.send('out', { payload: 'two' })
    const failed = await flow.first('failed')
    assert.match(errorOf(failed).message, /^InvalidOption: .*msg\.logstore/)
    await flow.take('done', 1)
    assert.deepEqual((await read(sls, 1, 'other'))[0]?.contents, [['message', 'one']])
    flow.send('fixed', { payload: 'three', logstore: 'other' })
    assert.deepEqual((await read(sls, 1))[0]?.contents, [['message', 'three']])
  })

  it('writes messages with one key to one shard', async () => {
    const node = slsOut({ hashKey: 'md5', hashKeyValue: 'device', hashKeyValueType: 'msg' })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    for (let n = 0; n < 20; n++) flow.send('out', { payload: { n }, device: `device ${n % 2}` })
    flow.send('out', { payload: 'no key' })
    await flow.take('done', 20)
    const failed = await flow.first('failed')
    assert.match(errorOf(failed).message, /hashKey/)
    const shards = new Map<string, Set<number>>()
    for (const { contents, shard } of await read(sls, 20)) {
      const device = String(Number(contents[0]?.[1]) % 2)
      shards.set(device, (shards.get(device) ?? new Set()).add(shard))
    }
    assert.deepEqual(
      [...shards.values()].map(({ size }) => size),
      [1, 1]
    )
  })

  it('completes an array with all of its logs, and an empty one at once', async () => {
    const flow = await run([tab, connection(sls), slsOut({ maxLines: 3 }), ...probes], {
      credentials: keyOf(sls)
    })
    flow.send('out', { payload: Array.from({ length: 10 }, (_, n) => ({ n })) })
    flow.send('out', { payload: [] })
    const done = await flow.take('done', 2)
    const logs = done.map((message) => (message['slsReceipt'] as { logs: number }).logs).sort((a, b) => a - b)
    assert.deepEqual(logs, [0, 10])
    assert.equal((await read(sls, 10)).length, 10)
  })

  it('sends what waits when told to flush, and answers its status to a Complete node', async () => {
    const flow = await run([tab, connection(sls), slsOut({ flushInterval: 3_600_000 }), ...probes], {
      credentials: keyOf(sls)
    })
    flow.send('out', { payload: { n: 1 } })
    flow.send('out', { action: 'status' })
    const status = await flow.first('done')
    assert.equal((status.payload as { bufferedLogs: number }).bufferedLogs, 1)
    flow.send('out', { action: 'flush' })
    await flow.take('done', 3)
    assert.equal((await read(sls, 1)).length, 1)
  })

  it('sends what is buffered before it closes', async () => {
    const flow = await run([tab, connection(sls), slsOut({ flushInterval: 3_600_000 }), ...probes], {
      credentials: keyOf(sls)
    })
    for (let n = 0; n < 500; n++) flow.send('out', { payload: { n } })
    flow.send('out', { action: 'status' })
    await flow.take('done', 1)
    await flow.stop()
    assert.equal((await read(sls, 500)).length, 500)
  })

  it('reports each message that it could not send before it had to close, and their number', async () => {
    const flow = await run([tab, connection(sls), slsOut(), ...probes], {
      credentials: keyOf(sls),
      settings: { nodeCloseTimeout: 1200 }
    })
    sls.addFault({ kind: 'error', call: 'PutLogs', status: 503, code: 'ServerBusy' })
    for (let n = 0; n < 3; n++) flow.send('out', { payload: { n } })
    await until('the outage to show', () => sls.stats().faults.some(({ hits }) => hits > 0))
    await flow.stop()
    const reports = flow.reports('out')
    const errors = reports.filter((text) => text.startsWith('Closed'))
    assert.equal(errors.length, 4)
    assert.ok(errors.some((text) => text.includes('sls-out.error.unsent')))
    assert.ok(reports.includes('sls-out.error.unsent'), 'and in the log, where no Catch node takes it')
  })

  it('shows in a dry run what would be sent and where, and sends nothing', async () => {
    const node = slsOut({ dryRun: true, hashKey: 'md5', hashKeyValue: 'device' })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    flow.send('out', { payload: [{ n: 1 }, { n: 2 }], device: 'a', topic: 't' })
    const receipt = (await flow.first('done'))['slsReceipt'] as Record<string, unknown>
    assert.equal(receipt['dryRun'], true)
    const [request] = receipt['requests'] as Record<string, unknown>[]
    assert.deepEqual([request?.['logstore'], request?.['logs'], request?.['shard']], ['access', 2, 0])
    assert.match(String(request?.['hashKey']), /^[0-9a-f]{32}$/)
    await until('the status to say so', () => flow.statusTexts('out').includes('sls-out.status.dryRun'))
    assert.ok(flow.statusTexts('out').every((text) => text === 'sls-out.status.dryRun'))
    assert.equal(sls.stats().calls['PutLogs'], undefined)
  })

  it('tells a Status node when the buffer fills and when it has room again', async () => {
    const node = slsOut({ totalBytes: 20_000, maxLines: 1, overflow: 'wait' })
    const status: FlowNode[] = [
      { id: 'status', z: 'tab', type: 'status', scope: ['out'], wires: [['told']] },
      { id: 'told', z: 'tab', type: 'helper', wires: [] }
    ]
    const flow = await run([tab, quick(sls), node, ...probes, ...status], { credentials: keyOf(sls) })
    const pressures = () =>
      flow.messages('told').map(({ status: shown }) => (shown as { sls: { pressure: string } }).sls.pressure)
    const fault = sls.addFault({ kind: 'error', call: 'PutLogs', code: 'ServerBusy' })
    for (let n = 0; n < 20; n++) flow.send('out', { payload: { n, text: 'x'.repeat(500) } })
    await until('the pressure', () => pressures().includes('high'))
    sls.removeFault(fault)
    await flow.take('done', 20)
    await until('the relief', () => pressures().at(-1) === 'low')
  })

  it('gives logs that SLS would refuse for their time the present, and keeps their own', async () => {
    const node = slsOut({ timeRepair: 'rewrite', time: 'at', timeType: 'msg' })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    flow.send('out', { payload: { n: 1 }, at: '2001-02-03T04:05:06.5Z' })
    await flow.first('done')
    const [log] = await read(sls, 1)
    assert.ok(Math.abs((log?.time ?? 0) - Date.now() / 1000) < 600)
    assert.deepEqual(log?.contents, [
      ['n', '1'],
      ['original_time', '2001-02-03T04:05:06.500000000Z']
    ])
  })

  it('refuses such logs when told to, by the name of the field', async () => {
    const node = slsOut({ timeRepair: 'reject', time: '86400', timeType: 'str' })
    const flow = await run([tab, connection(sls), node, ...probes], { credentials: keyOf(sls) })
    flow.send('out', { payload: { n: 1 } })
    const error = errorOf(await flow.first('failed'))
    assert.deepEqual([error.code, error.cause['field']], ['InvalidLog', 'time'])
  })

  it('refuses what comes after the closing has begun', async () => {
    const flow = await run([tab, connection(sls), slsOut({ flushInterval: 100 }), ...probes], {
      credentials: keyOf(sls)
    })
    flow.send('out', { payload: 'in time' })
    flow.send('out', { action: 'status' })
    await flow.take('done', 1)
    const stopped = flow.stop()
    flow.send('out', { payload: 'too late' })
    await stopped
    assert.equal((await read(sls, 1)).length, 1)
    assert.ok(flow.reports('out').some((text) => text.startsWith('Closed')))
  })

  describe('with something wrong', () => {
    it('names the property that is missing, to the status, to a Catch node and to each message', async () => {
      const flow = await run([tab, connection(sls, { endpoint: '' }), slsOut(), ...probes], {
        credentials: keyOf(sls)
      })
      const failed = await flow.first('failed')
      assert.match(errorOf(failed).message, /^InvalidOption: connection: endpoint/)
      flow.send('out', { payload: 'x' })
      assert.match(errorOf(await flow.at('failed', 1)).message, /endpoint/)
      assert.ok(flow.statusTexts('out').includes('sls-out.status.wrong'))
    })

    it('tells Status nodes, too, whose flow begins after it', async () => {
      const flow = await run([
        tab,
        connection(sls, { endpoint: '' }),
        slsOut(),
        { id: 'status', z: 'tab', type: 'status', scope: ['out'], wires: [['told']] },
        { id: 'told', z: 'tab', type: 'helper', wires: [] }
      ])
      const { status } = await flow.first('told')
      assert.equal((status as { text: string }).text, 'sls-out.status.wrong')
    })

    it('names a connection that is not there, a key that is missing and a variable that is not set', async () => {
      const broken: [FlowNode[], RegExp][] = [
        [[slsOut({ config: 'nowhere' })], /config/],
        [[connection(sls), slsOut()], /accessKeyId.*accessKeySecret/],
        [[connection(sls, { project: unsetVariable }), slsOut()], /project: .*unresolved/],
        [[connection(sls), slsOut({ maxLines: 'many' })], /maxLines: .*notNumber/],
        [[connection(sls), slsOut({ content: '$$(', contentType: 'jsonata' })], /content: .*invalid/]
      ]
      for (const [nodes, expected] of broken) {
        const flow = await run([tab, ...nodes, ...probes])
        const failed = await flow.first('failed')
        assert.match(errorOf(failed).message, expected)
        await flow.stop()
      }
    })

    it('tells a wrong key by its code, HTTP status and request id', async () => {
      const flow = await run([tab, quick(sls), slsOut(), ...probes], {
        credentials: { connection: { accessKeyId: sls.accessKeyId, accessKeySecret: 'not-the-secret' } }
      })
      flow.send('out', { payload: { text: 'kept whole' } })
      const failed = await flow.first('failed')
      const error = errorOf(failed)
      assert.equal(error.code, 'SignatureNotMatch')
      assert.match(error.message, /HTTP 401, request \w+/)
      assert.equal(error.cause['status'], 401)
      assert.equal(typeof error.cause['requestId'], 'string')
      assert.equal(error.cause['attempts'], 6)
      assert.deepEqual(failed.payload, { text: 'kept whole' })
      assert.equal(flow.messages('failed').length, 1)
      assert.ok(!JSON.stringify(failed).includes('not-the-secret'))
    })

    it('tells a logstore that is missing, and goes on when it is created', async () => {
      const flow = await run([tab, quick(sls), slsOut({ logstore: 'later' }), ...probes], {
        credentials: keyOf(sls)
      })
      flow.send('out', { payload: 'too early' })
      const failed = await flow.first('failed')
      assert.equal(errorOf(failed).code, 'LogStoreNotExist')
      sls.createLogstore('later')
      flow.send('out', { payload: 'in time' })
      await flow.take('done', 1)
    })

    it('reports an endpoint out of reach before the retries are over, and sends when it is back', async () => {
      const port = sls.port
      await sls.close()
      const flow = await run([tab, quick(sls), slsOut(), ...probes], { credentials: keyOf(sls) })
      flow.send('out', { payload: 'patient' })
      const failed = await flow.first('failed')
      assert.equal(errorOf(failed).code, 'NetworkError')
      assert.equal((failed.sls as { retrying: boolean }).retrying, true)
      const { accessKeyId, accessKeySecret } = sls
      sls = await SlsEmulator.start({
        port,
        quiet: true,
        logstores: ['access'],
        accessKeyId,
        accessKeySecret
      })
      await flow.take('done', 1)
      assert.equal(flow.messages('failed').length, 1)
    })
  })
})
