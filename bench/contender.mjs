// A contender in a process of its own, which does its work when it is told and measures what that takes.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./contender-process.mjs', import.meta.url))

export class Contender {
  #child
  #pending
  #lost

  /**
   * @param module file in contenders/ whose `open(options)` gives the functions that `run` names
   * @param options plain JSON
   */
  static async start(module, options = {}, execArgv = []) {
    const contender = new Contender()
    contender.#child = fork(program, [module, JSON.stringify(options)], {
      execArgv: ['--expose-gc', ...execArgv]
    })
    contender.#child.on('message', (message) => contender.#settle(message))
    contender.#child.on('exit', (code, signal) => contender.#fail(`${module} ended: ${signal ?? code}`))
    await contender.#answer()
    return contender
  }

  /** Starts several: `{name: [module, options]}`. */
  static async startAll(contenders) {
    const started = Object.entries(contenders).map(async ([name, [module, options, execArgv]]) => [
      name,
      await Contender.start(module, options, execArgv)
    ])
    return Object.fromEntries(await Promise.all(started))
  }

  static async closeAll(contenders) {
    await Promise.all(Object.values(contenders).map((contender) => contender.close()))
  }

  /**
   * Runs once.
   * @returns cpu and wall in seconds, p99 and longest delay of the event loop in ms, rss, idleRss and peakRss in
   *   bytes, and `result`
   */
  run(work, ...args) {
    this.#child.send({ work, args })
    return this.#answer()
  }

  async close() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.removeAllListeners('message')
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  #answer() {
    if (this.#lost !== undefined) return Promise.reject(new Error(this.#lost))
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
    })
  }

  #settle(message) {
    const pending = this.#pending
    this.#pending = undefined
    if (message.error === undefined) pending?.resolve(message)
    else pending?.reject(new Error(message.error))
  }

  #fail(reason) {
    this.#lost = reason
    this.#pending?.reject(new Error(reason))
  }
}
