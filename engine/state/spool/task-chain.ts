/** Tasks that are done one after another, in the order of coming; one that fails holds up no other. */
export class TaskChain {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  /** No task is waiting or being done. */
  get isIdle(): boolean {
    return this.#waiting === 0
  }

  /** @returns what the task returns, or rejects with what it throws */
  async add(task: () => Promise<void>): Promise<void> {
    const done = this.#last.then(task)
    this.#waiting++
    this.#last = done.catch(() => undefined)
    try {
      await done
    } finally {
      this.#waiting--
    }
  }

  /** Resolves when all tasks that were added up to now are done. Never rejects. */
  done(): Promise<void> {
    return this.#last
  }
}
