import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SlsEmulator } from '../../emulator/index'
import type { SinkStatus } from '../../engine/sink/status'
import { sinkNodeStatus } from '../../nodes/sink-status'
import { read } from './logstore'
import { connection, type FlowNode, keyOf, type RunOptions, run, tab, until, withNodeRed } from './runtime'
import { translator } from './translator'

const probes: FlowNode[] = [
  { id: 'complete', z: 'tab', type: 'complete', scope: ['out'], wires: [['done']] },
  { id: 'done', z: 'tab', type: 'helper', wires: [] },
  { id: 'catch', z: 'tab', type: 'catch', scope: ['out'], wires: [['failed']] },
  { id: 'failed', z: 'tab', type: 'helper', wires: [] },
  { id: 'status', z: 'tab', type: 'status', scope: ['out'], wires: [['told']] },
  { id: 'told', z: 'tab', type: 'helper', wires: [] }
]

describe('sls-out with a spool', () => {
  withNodeRed()
  let sls: SlsEmulator
  let userDir: string

  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:1'] })
    userDir = await mkdtemp(path.join(tmpdir(), 'sls-out-spool-'))
  })

  afterEach(async () => {
    await sls.close()
    await rm(userDir, { recursive: true, force: true })
  })

  function deploy(properties: Readonly<Record<string, unknown>>, settings: RunOptions['settings'] = {}) {
    const out: FlowNode = {
      id: 'out',
      z: 'tab',
      type: 'sls-out',
      config: 'connection',
      logstore: 'access',
      flushInterval: 10,
      wires: [],
      ...properties
    }
    const quick = connection(sls, { baseRetryBackoff: 5, maxRetryBackoff: 20, maxRetriesRetryable: -1 })
    return run([tab, quick, out, ...probes], {
      credentials: keyOf(sls),
      settings: { userDir, nodeCloseTimeout: 1500, ...settings }
    })
  }

  const outage = () => sls.addFault({ kind: 'cutBefore', call: 'PutLogs' })
  const numbers = async (count: number) =>
    (await read(sls, count)).map(({ contents }) => Number(contents[0]?.[1])).sort((a, b) => a - b)
  const files = async (...folder: string[]) =>
    (await readdir(path.join(userDir, ...folder))).filter((name) => name.endsWith('.spool'))

  it('completes messages whose logs are on disk, shows how many, and sends them after a restart', async () => {
    const fault = outage()
    const flow = await deploy({ spool: 'always' })
    for (let n = 0; n < 10; n++) flow.send('out', { payload: { n } })
    const done = await flow.take('done', 10)
    assert.ok(done.every(({ slsReceipt }) => (slsReceipt as { spooled: number }).spooled === 1))
    await until('the status', () => flow.statusTexts('out').includes('sls-out.status.offline'))
    await until('the figures', () =>
      flow
        .messages('told')
        .some(({ status }) => (status as { sls: { spool: { logs: number } } }).sls.spool.logs === 10)
    )
    flow.send('out', { action: 'status' })
    const asked = (await flow.at('done', 10)).payload as { spool: { logs: number; offline: boolean } }
    assert.deepEqual([asked.spool.logs, asked.spool.offline], [10, true])
    await flow.stop()
    assert.equal(flow.messages('failed').filter(({ sls: facts }) => facts === undefined).length, 0)
    assert.equal((await files('sls-spool', 'out')).length, 1)
    sls.removeFault(fault)
    const next = await deploy({ spool: 'overflow' })
    assert.deepEqual(
      await numbers(10),
      Array.from({ length: 10 }, (_, n) => n)
    )
    await next.stop()
    assert.deepEqual(await files('sls-spool', 'out'), [])
  })

  it('puts on disk what it cannot send before it has to close, and fails no message', async () => {
    sls.addFault({ kind: 'error', call: 'PutLogs', status: 503, code: 'ServerBusy' })
    const flow = await deploy({ spool: 'overflow', spoolPath: 'elsewhere' })
    for (let n = 0; n < 50; n++) flow.send('out', { payload: { n } })
    await until('the outage to show', () => sls.stats().faults.some(({ hits }) => hits > 0))
    await flow.stop()
    const reports = flow.reports('out')
    assert.deepEqual(
      reports.filter((text) => text.startsWith('Closed') || text.includes('unsent')),
      []
    )
    assert.ok((await files('elsewhere', 'out')).length > 0)
    sls.clearFaults()
    const next = await deploy({ spool: 'overflow', spoolPath: 'elsewhere' })
    assert.equal((await numbers(50)).length, 50)
    await next.stop()
  })

  it('hands to a Catch node what SLS refuses of it, and keeps that in a file', async () => {
    const flow = await deploy({ spool: 'always', timeType: 'msg', time: 'when' })
    const monthAgo = Date.now() - 30 * 86_400_000
    flow.send('out', { payload: { n: 1 }, when: monthAgo })
    await flow.take('done', 1)
    const failed = (await flow.first('failed')).sls as { code: string; logs: number; file: string }
    assert.deepEqual([failed.code, failed.logs], ['PostBodyInvalid', 1])
    assert.match(await readFile(failed.file, 'utf8'), /\["n","1"\]/)
    await flow.stop()
  })

  it('goes on without a disk that it cannot use, and tells folder and option to a Catch node', async () => {
    await writeFile(path.join(userDir, 'sls-spool'), 'a file')
    const flow = await deploy({ spool: 'always' })
    flow.send('out', { payload: { n: 1 } })
    await flow.take('done', 1)
    const failed = (await flow.first('failed')).sls as { code: string; field: string; message: string }
    assert.deepEqual([failed.code, failed.field], ['Spool', 'spoolPath'])
    assert.ok(failed.message.includes(path.join(userDir, 'sls-spool')), failed.message)
    assert.deepEqual(await numbers(1), [1])
    await flow.stop()
  })

  it('touches no disk where it is off, and refuses a folder it cannot name', async () => {
    const flow = await deploy({})
    flow.send('out', { payload: { n: 1 } })
    await flow.take('done', 1)
    await flow.stop()
    assert.ok(!existsSync(path.join(userDir, 'sls-spool')))
    const wrong = await deploy({ spool: 'always', spoolPath: 'relative' }, { userDir: undefined })
    const failed = await wrong.first('failed')
    assert.match(String((failed.error as Error).message), /spoolPath/)
    await wrong.stop()
  })
})

describe('The status of sls-out with a spool', () => {
  const status = (spool: object, differences: object = {}) =>
    ({
      state: 'sending',
      logsPerSecond: 1240,
      bufferedLogs: 300,
      waitingLogs: 0,
      bufferedBytes: 0,
      inFlight: 1,
      memory: { used: 0, peak: 0, limit: 1 },
      spool: { state: 'ready', offline: false, logs: 12_304, bytes: 3_100_000, oldest: 7_300_000, ...spool },
      ...differences
    }) as unknown as SinkStatus

  function text(shown: SinkStatus, language = 'en-US'): string {
    return sinkNodeStatus(shown, translator('sls-out', language)).text ?? ''
  }

  it('tells what is on disk while the service is away, and while the disk is emptied', () => {
    assert.equal(text(status({ offline: true })), 'offline, 12,304 logs (3.1 MB) on disk, oldest 2 h')
    assert.equal(text(status({})), '1,240/s, 12,304 logs (3.1 MB) on disk')
    assert.equal(
      text(status({ offline: true }), 'zh-CN'),
      '离线，磁盘中有 12,304 条日志（3.1 MB），最早 2 h 前'
    )
  })

  it('tells that the disk is of no use', () => {
    assert.equal(text(status({ state: 'failing' })), 'no spool, 1,240/s, 300 waiting')
  })

  it('says nothing of a disk that has just been written', () => {
    assert.equal(text(status({ oldest: 20, logs: 3 })), '1,240/s, 1 in flight, 0 kB waiting')
  })
})
