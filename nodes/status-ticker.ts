/** Milliseconds between ticks. */
const interval = 1000

/** Calls `tick` again and again until what is returned is called. */
export type Repeat = (tick: () => void) => () => void

const eachSecond: Repeat = (tick) => {
  const timer = setInterval(tick, interval).unref()
  return () => clearInterval(timer)
}

/** The same ticks for all nodes, while there are any: a process at rest pays each time that it is woken. */
export class StatusTicker {
  private readonly actions = new Set<() => void>()
  private stop: (() => void) | undefined

  constructor(private readonly repeat: Repeat = eachSecond) {}

  /** Calls the action at each tick until what is returned is called. */
  add(action: () => void): () => void {
    const entry = () => action()
    this.actions.add(entry)
    this.stop ??= this.repeat(() => {
      for (const each of this.actions) each()
    })
    return () => this.remove(entry)
  }

  private remove(entry: () => void): void {
    this.actions.delete(entry)
    if (this.actions.size > 0) return
    this.stop?.()
    this.stop = undefined
  }
}

/** When nodes look at what runs behind them: once a second. */
export const statusTicker = new StatusTicker()
