import assert from 'node:assert/strict'
import type { SinkStatus } from '../../engine/sink/status'
import type { SourceStatus } from '../../engine/source/source'
import { sinkNodeStatus } from '../../nodes/sink-status'
import { sourceNodeStatus } from '../../nodes/source-status'
import { translator } from './translator'

describe('The text of the status', () => {
  const reading = {
    state: 'reading',
    logsPerSecond: 1240,
    lagSeconds: 2,
    shards: [{ status: 'reading' }, { status: 'reading' }, { status: 'idle' }, { status: 'finished' }]
  } as unknown as SourceStatus
  const sending = {
    state: 'sending',
    logsPerSecond: 1240,
    inFlight: 3,
    bufferedBytes: 400_000,
    bufferedLogs: 300,
    waitingLogs: 0,
    memory: { used: 0, peak: 0, limit: 1 }
  } as unknown as SinkStatus

  it('tells how sls-in reads', () => {
    const { text, fill, shape } = sourceNodeStatus(reading, translator('sls-in', 'en-US'))
    assert.deepEqual([text, fill, shape], ['3 shards, 1,240/s, lag 2 s', 'green', 'dot'])
    assert.equal(
      sourceNodeStatus(reading, translator('sls-in', 'zh-CN')).text,
      '3 个分片，1,240 条/秒，延迟 2 s'
    )
  })

  it('tells of one shard as of one', () => {
    const one = { ...reading, shards: [{ status: 'reading' }] } as unknown as SourceStatus
    assert.equal(sourceNodeStatus(one, translator('sls-in', 'en-US')).text, '1 shard, 1,240/s, lag 2 s')
    assert.equal(sourceNodeStatus(one, translator('sls-in', 'zh-CN')).text, '1 个分片，1,240 条/秒，延迟 2 s')
  })

  it('tells of one log as of one', () => {
    const spool = { state: 'ready', offline: true, logs: 1, bytes: 900, oldest: 7_200_000 }
    const one = { ...sending, spool } as unknown as SinkStatus
    const text = (language: string) => sinkNodeStatus(one, translator('sls-out', language)).text
    assert.equal(text('en-US'), 'offline, 1 log (1 kB) on disk, oldest 2 h')
    assert.equal(text('zh-CN'), '离线，磁盘中有 1 条日志（1 kB），最早 2 h 前')
  })

  it('tells how sls-out sends', () => {
    const { text, fill, shape } = sinkNodeStatus(sending, translator('sls-out', 'en-US'))
    assert.deepEqual([text, fill, shape], ['1,240/s, 3 in flight, 0.4 MB waiting', 'green', 'dot'])
  })

  it('tells the error and when it is tried again', () => {
    const lastError = { code: 'ServerBusy', message: '', retryIn: 1200 }
    const retrying = { ...reading, state: 'retrying', lastError } as unknown as SourceStatus
    assert.equal(sourceNodeStatus(retrying, translator('sls-in', 'en-US')).text, 'ServerBusy, retry in 2 s')
  })
})
