import type { PlannedRequest } from '../engine/sink/dry-run'
import type { SlsSink } from '../engine/sink/sink'

/** Requests that are remembered until the receipts of their messages are made. */
const MOST_REQUESTS = 1000

/** What a dry run would have sent, for the receipts of its messages. */
export class PlannedRequests {
  private readonly requests = new Map<string, PlannedRequest>()

  constructor(sink: SlsSink) {
    sink.on('planned', (request) => {
      this.requests.set(request.requestId, request)
      const [oldest] = this.requests.keys()
      if (oldest !== undefined && this.requests.size > MOST_REQUESTS) this.requests.delete(oldest)
    })
  }

  /** The receipt, marked as one of a dry run, with the requests that the message would have gone out with. */
  describe<R extends { requestIds: readonly string[] }>(receipt: R) {
    const requests = receipt.requestIds.flatMap((id) => this.requests.get(id) ?? [])
    return { ...receipt, dryRun: true, requests }
  }
}
