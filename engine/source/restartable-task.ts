/** Work that can be halted and taken up again: it begins when what was halted before has come to its end. */
export class RestartableTask {
  readonly #work: (signal: AbortSignal) => Promise<void>
  #run: { stop: AbortController; ended: Promise<void> } | undefined
  /** The end of the run before; never rejects. */
  #halted: Promise<void> = Promise.resolve()

  /** @param work ends soon after its signal is aborted, and never rejects */
  constructor(work: (signal: AbortSignal) => Promise<void>) {
    this.#work = work
  }

  /** Does nothing where it was started and not halted since. */
  start(): void {
    if (this.#run !== undefined) return
    const stop = new AbortController()
    this.#run = { stop, ended: this.#halted.then(() => this.#work(stop.signal)) }
  }

  /** Never rejects. */
  async halt(): Promise<void> {
    const run = this.#run
    if (run !== undefined) {
      this.#run = undefined
      this.#halted = run.ended
      run.stop.abort()
    }
    await this.#halted
  }

  /** As `halt`, but nobody waits for its end; false where there is nothing to halt. */
  abandon(): boolean {
    const run = this.#run
    if (run === undefined) return false
    run.stop.abort()
    this.#run = undefined
    return true
  }
}
