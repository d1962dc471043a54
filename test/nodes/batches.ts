import { LogGroupEncoder } from '../../engine/client/codec/log-group-encoder'
import { encodeLogGroupList, parseLogGroupList } from '../../engine/client/codec/log-group-list'
import { encodeCursor } from '../../engine/client/cursor'
import type { LogGroup } from '../../engine/client/model'
import type { SourceBatch, SourceGroup } from '../../engine/source/batch'

/** A batch as the source gives it, and what was acknowledged and refused of it. */
export interface TestBatch extends SourceBatch {
  readonly acknowledged: Set<string>
  readonly refusals: unknown[]
}

export interface BatchOptions {
  /** Position of the first log group. */
  first?: number
  shard?: number
  /** With a query all groups bear the cursor of the fetch. */
  query?: boolean
}

export function batchOf(groups: readonly LogGroup[], options: BatchOptions = {}): TestBatch {
  const { first = 0, shard = 0, query = false } = options
  const body = encodeLogGroupList(
    groups.map(({ logs, ...frame }) => {
      const encoder = new LogGroupEncoder(frame)
      for (const log of logs) encoder.append(log)
      return encoder.finish()
    })
  )
  const acknowledged = new Set<string>()
  const refusals: unknown[] = []
  const refuse = (error: unknown) => {
    refusals.push(error)
    return 'again' as const
  }
  let counted = 0
  const views = parseLogGroupList(body).map((view, place): SourceGroup => {
    const at = query ? first : first + place
    const firstIndex = query ? counted : 0
    counted += view.logCount
    return {
      topic: view.topic,
      source: view.source,
      tags: view.tags,
      logCount: view.logCount,
      byteLength: view.byteLength,
      encoded: view.encoded,
      logs: () => view.logs(),
      records: () => view.records(),
      recordBlocks: (size) => view.recordBlocks(size),
      cursor: encodeCursor(BigInt(at)),
      nextCursor: encodeCursor(BigInt(at + 1)),
      firstIndex,
      ack: () => void acknowledged.add(`${at}/${firstIndex}`),
      nack: refuse
    }
  })
  return {
    project: 'project',
    logstore: 'logstore',
    shard,
    cursor: encodeCursor(BigInt(first)),
    nextCursor: encodeCursor(BigInt(first + groups.length)),
    receiveTime: 1_700_000_000,
    rawSize: body.length,
    groups: views,
    logCount: counted,
    isReplay: false,
    delivery: 1,
    onOverdue: undefined,
    logs: views.flatMap((view) => view.logs()),
    ack: () => {
      for (const view of views) view.ack()
    },
    nack: refuse,
    acknowledged,
    refusals
  }
}
