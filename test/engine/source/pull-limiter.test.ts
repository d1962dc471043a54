import assert from 'node:assert/strict'
import type { PullLogsRequest } from '../../../engine/client/calls/pull-logs'
import { SlsError } from '../../../engine/client/errors'
import { PullLimiter } from '../../../engine/source/pull-limiter'
import type { SourceClient } from '../../../engine/source/source-client'

const refusal = () =>
  new SlsError('ReadQuotaExceed', 'the quota of the project', { status: 403, retryability: 'transient' })

describe('Pulls of a project whose quota is exceeded', () => {
  it('go on where the clock is set back, no further apart, and slow down with the next refusal', async () => {
    let now = 1_700_000_000_000
    const waits: number[] = []
    const clock = {
      now: () => now,
      delay: async (ms: number) => {
        waits.push(ms)
        now += ms
      }
    }
    let isRefusing = true
    const client = {
      pullLogs: async () => {
        if (isRefusing) throw refusal()
        return {}
      }
    } as unknown as SourceClient
    const limiter = PullLimiter.of(client, clock, () => 0)
    const pull = () => limiter.pullLogs({} as PullLogsRequest, new AbortController().signal)
    for (let refused = 0; refused < 3; refused++) await assert.rejects(pull(), { code: 'ReadQuotaExceed' })
    const { gap } = limiter
    now -= 7 * 3_600_000
    waits.length = 0
    await assert.rejects(pull(), { code: 'ReadQuotaExceed' })
    assert.ok(limiter.gap > gap)
    isRefusing = false
    await pull()
    assert.ok(Math.max(...waits) <= limiter.gap / 0.9 + 1, waits.join(', '))
  })
})
