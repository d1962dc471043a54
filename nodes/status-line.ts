import type { Node, NodeStatus } from './node-red'

/** Time as the status line needs it. */
export interface StatusClock {
  /** Milliseconds. */
  now(): number
  /** Calls the action after so many milliseconds, unless it is cancelled by what is returned. */
  after(milliseconds: number, action: () => void): () => void
}

const systemClock: StatusClock = {
  now: () => performance.now(),
  after: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds).unref()
    return () => clearTimeout(timer)
  }
}

/**
 * The status under a node: at most one change an interval, none where nothing visible changed; the newest wins. After
 * `close` it is silent, so that a late event never overwrites the status of the node's next instance.
 */
export class StatusLine {
  private shown = ''
  private shownAt = Number.NEGATIVE_INFINITY
  private next: NodeStatus | undefined
  private cancel: (() => void) | undefined
  private closed: boolean = false

  /** @param interval milliseconds */
  constructor(
    private readonly node: Pick<Node, 'status'>,
    private readonly interval = 1000,
    private readonly clock: StatusClock = systemClock
  ) {}

  show(status: NodeStatus): void {
    if (this.closed) return
    if (visible(status) === this.shown) {
      this.next = undefined
      return
    }
    this.next = status
    const wait = this.shownAt + this.interval - this.clock.now()
    if (wait <= 0) this.emit()
    else this.cancel ??= this.clock.after(wait, () => this.emit())
  }

  private emit(): void {
    this.cancel?.()
    this.cancel = undefined
    if (this.next === undefined) return
    this.shown = visible(this.next)
    this.shownAt = this.clock.now()
    this.node.status(this.next)
    this.next = undefined
  }

  close(): void {
    this.closed = true
    this.cancel?.()
  }
}

function visible(status: NodeStatus): string {
  return `${status.fill} ${status.shape} ${status.text}`
}
