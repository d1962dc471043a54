import type { Node, NodeStatus } from './node-red'

/**
 * The status under a node: at most one change a second, none where nothing visible changed; the newest wins. After
 * `close` it is silent, so that a late event never overwrites the status of the node's next instance.
 */
export class StatusLine {
  private shown = ''
  private shownAt = Number.NEGATIVE_INFINITY
  private next: NodeStatus | undefined
  private timer: NodeJS.Timeout | undefined
  private closed: boolean = false

  constructor(
    private readonly node: Node,
    private readonly interval = 1000,
    private readonly now: () => number = () => performance.now()
  ) {}

  show(status: NodeStatus): void {
    if (this.closed) return
    if (visible(status) === this.shown) {
      this.next = undefined
      return
    }
    this.next = status
    const wait = this.shownAt + this.interval - this.now()
    if (wait <= 0) this.emit()
    else if (this.timer === undefined) this.timer = setTimeout(() => this.emit(), wait).unref()
  }

  private emit(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.next === undefined || this.closed) return
    this.shown = visible(this.next)
    this.shownAt = this.now()
    this.node.status(this.next)
    this.next = undefined
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.timer = undefined
  }
}

function visible(status: NodeStatus): string {
  return `${status.fill} ${status.shape} ${status.text}`
}
