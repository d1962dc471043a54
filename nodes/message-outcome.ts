import type { Receipt, WriteObserver } from '../engine/sink/write-ledger'
import { answer, guard } from './guard'
import { toNodeError } from './node-error'
import type { Done, Node, NodeMessage } from './node-red'

/** Messages of which it is known what became of them; all of one turn are done together, once the sink is at rest. */
export class Outcomes {
  private due: MessageOutcome[] = []

  /** @param describe makes `msg.slsReceipt` of a receipt */
  constructor(
    readonly node: Pick<Node, 'error'>,
    readonly describe: (receipt: Receipt) => unknown
  ) {}

  add(outcome: MessageOutcome): void {
    this.due.push(outcome)
    if (this.due.length === 1) queueMicrotask(() => this.tellAll())
  }

  private tellAll(): void {
    const { due } = this
    this.due = []
    for (const outcome of due) {
      try {
        outcome.tell()
      } catch (error) {
        guard(Promise.reject(error), this.node)
      }
    }
  }
}

/** One message on its way to SLS: what it is done with. One object, since many wait for their batch. */
export class MessageOutcome implements WriteObserver {
  private receipt: Receipt | undefined
  private error: unknown

  constructor(
    private readonly outcomes: Outcomes,
    private readonly message: NodeMessage,
    private readonly done: Done
  ) {}

  accepted(receipt: Receipt): void {
    this.receipt = receipt
    this.outcomes.add(this)
  }

  failed(error: unknown): void {
    this.error = error
    this.outcomes.add(this)
  }

  tell(): void {
    if (this.receipt === undefined) {
      answer(this.done, this.outcomes.node, toNodeError(this.error))
      return
    }
    try {
      this.message['slsReceipt'] = this.outcomes.describe(this.receipt)
    } catch {
      // A frozen message does without.
    }
    answer(this.done, this.outcomes.node)
  }
}
