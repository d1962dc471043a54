import { decompress } from '../../../../engine/client/compression/compression'
import { SlsError } from '../../../../engine/client/errors'
import type { ServiceTime } from '../../../../engine/sink/log-time'
import type { PutClient } from '../../../../engine/sink/options'
import { type DecodedGroup, decodeGroup } from './decode'

type PutRequest = Parameters<PutClient['putLogs']>[0]

/** A put as the service sees it. */
export interface Put extends DecodedGroup {
  logstore: string
  hashKey: string | undefined
  rawSize: number
}

/** What the service answers a put with: nothing is acceptance. */
export type Answer = (put: Put) => SlsError | undefined | Promise<SlsError | undefined>

/** The one call a sink needs, answered as the test says. */
export class FakeService implements PutClient {
  /** Every put that came, and those that were accepted, in order. */
  readonly received: Put[] = []
  readonly accepted: Put[] = []
  inFlight = 0
  mostInFlight = 0
  answer: Answer = () => undefined
  /** The service's time as the client knows it; undefined: this machine's. */
  time: ServiceTime | undefined

  now(): number {
    return this.time?.now ?? Date.now()
  }

  get clockOffset(): number {
    return this.time?.offset ?? 0
  }

  async putLogs(request: PutRequest, signal?: AbortSignal): Promise<{ requestId: string }> {
    this.inFlight++
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    try {
      const raw = await decompress(request.compression, request.body, request.rawSize)
      const { logstore, hashKey, rawSize } = request
      const put: Put = { logstore, hashKey, rawSize, ...decodeGroup(raw) }
      this.received.push(put)
      const requestId = `request-${this.received.length}`
      const refusal = await whileNotAborted(this.answer(put), signal)
      if (refusal !== undefined) throw refusal
      this.accepted.push(put)
      return { requestId }
    } finally {
      this.inFlight--
    }
  }

  /** The values of one field of all logs accepted, in order. */
  values(field: string): string[] {
    return this.accepted.flatMap((put) => valuesOf(put, field))
  }
}

export function valuesOf(put: Put, field: string): string[] {
  return put.logs.flatMap((log) => log.contents.filter(([key]) => key === field).map(([, value]) => value))
}

async function whileNotAborted<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(new SlsError('Aborted', 'The call was aborted')), {
      once: true
    })
  })
  return Promise.race([answer, aborted])
}

/** Refusals, made anew for each call as a client makes them. */
export const refusals = {
  busy: () =>
    new SlsError('ServerBusy', 'busy', { status: 503, retryability: 'transient', requestId: 'busy' }),
  network: () => new SlsError('NetworkError', 'connection refused', { retryability: 'transient' }),
  shardQuota: () =>
    new SlsError('ShardWriteQuotaExceed', 'split the shard', { status: 403, retryability: 'transient' }),
  projectQuota: () => new SlsError('WriteQuotaExceed', 'quota', { status: 403, retryability: 'transient' }),
  noLogstore: () =>
    new SlsError('LogStoreNotExist', 'no such logstore', { status: 404, retryability: 'ordinary' }),
  wrongKey: () => new SlsError('SignatureNotMatch', 'wrong key', { status: 401, retryability: 'ordinary' }),
  clock: () => new SlsError('RequestTimeTooSkewed', 'clock', { status: 400, retryability: 'ordinary' }),
  tooLarge: () => new SlsError('PostBodyTooLarge', 'too large', { status: 400, retryability: 'never' }),
  invalid: () =>
    new SlsError('PostBodyInvalid', 'a log is wrong', {
      status: 400,
      retryability: 'never',
      requestId: 'bad'
    })
}
