// The child processes of the demo: their output is watched for the line that says they are up and kept for when they
// fail, and they are stopped for certain.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const leaveWithParent = join(dirname(fileURLToPath(import.meta.url)), 'leave-with-parent.cjs')
const keptLines = 40

/** All children of a run, stopped in the reverse order of their start. */
export class Children {
  #children = []
  #stop = new AbortController()
  #onLoss

  /** @param {(error: Error) => void} onLoss called when a child that must stay ends though nobody stopped it */
  constructor(onLoss) {
    this.#onLoss = onLoss
  }

  /**
   * @param {string} name for messages
   * @param {string[]} args script and arguments for this Node.js
   */
  start(name, args, env = process.env) {
    if (this.#stop.signal.aborted) throw new Error(`${name} is not started: the demo is stopping`)
    const child = new Child(name, args, env, this.#onLoss)
    this.#children.push(child)
    return child
  }

  async stop() {
    this.#stop.abort()
    for (const child of this.#children.splice(0).reverse()) await child.stop()
  }
}

class Child {
  #process
  #lines = []
  #watchers = new Set()
  #stop = new AbortController()
  #onLoss

  constructor(name, args, env, onLoss) {
    this.name = name
    this.#onLoss = onLoss
    this.#process = spawn(process.execPath, ['--require', leaveWithParent, ...args], {
      env,
      // Its own process group: Ctrl-C reaches only the demo, which then stops its children in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line)
        if (this.#lines.length > keptLines) this.#lines.shift()
        for (const watcher of this.#watchers) watcher(line)
      })
    }
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message))
      this.#process.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
  }

  /** It is up: should it end from now on though nobody stopped it, that is a loss. */
  mustStay() {
    this.ended.then((how) => {
      if (this.#stop.signal.aborted) return
      this.#onLoss(new Error(`${this.name} ended (${how}):\n${this.lastLines()}`))
    })
  }

  lastLines() {
    return this.#lines.map((line) => `  ${line}`).join('\n')
  }

  /** Hands on every line that is printed from now on. */
  watch(onLine) {
    this.#watchers.add(onLine)
  }

  /**
   * The first match of `pattern` in a line of output, `past` lines included; rejects when the process ends or `ms`
   * pass before it.
   */
  async waitFor(pattern, { ms = 60_000, past = true } = {}) {
    let watcher
    let timer
    const found = new Promise((resolve) => {
      watcher = (line) => {
        const match = pattern.exec(line)
        if (match !== null) resolve(match)
      }
      this.#watchers.add(watcher)
      if (past) this.#lines.forEach(watcher)
    })
    const late = new Promise((_, reject) => {
      const fail = (why) =>
        reject(new Error(`${this.name} did not get as far as ${pattern} (${why}):\n${this.lastLines()}`))
      timer = setTimeout(() => fail(`no sign of life after ${ms / 1000} s`), ms)
      this.ended.then(fail)
    })
    try {
      return await Promise.race([found, late])
    } finally {
      clearTimeout(timer)
      this.#watchers.delete(watcher)
    }
  }

  /** Asks the process to stop and makes it stop after `ms`. */
  async stop(ms = 8_000) {
    this.#stop.abort()
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), ms)
    await this.ended
    clearTimeout(timer)
  }
}
