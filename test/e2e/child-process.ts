import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** A Node.js process under test: its output is kept and can be waited for, and it never outlives the test run. */
export class ManagedProcess {
  readonly #process: ChildProcess
  readonly #name: string
  readonly #lines: string[] = []
  readonly #watchers = new Set<(line: string) => void>()
  /** Resolves, with how it ended, when the process is gone and its output read. */
  readonly ended: Promise<string>

  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#name = name
    const preload = path.resolve('scripts/demo/leave-with-parent.cjs')
    this.#process = spawn(process.execPath, ['--require', preload, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line)
        for (const watcher of this.#watchers) watcher(line)
      })
    }
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message))
      this.#process.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
  }

  /** Everything it has printed, standard output and error in the order of arrival. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** How many lines it has printed; a mark for `waitFor`. */
  get lineCount(): number {
    return this.#lines.length
  }

  /** The first match of `pattern` in a line after the first `from` lines; rejects when the process ends before. */
  async waitFor(pattern: RegExp, from = 0, ms = 30_000): Promise<RegExpExecArray> {
    let watcher: (line: string) => void = () => undefined
    let timer: NodeJS.Timeout | undefined
    const found = new Promise<RegExpExecArray>((resolve) => {
      watcher = (line) => {
        const match = pattern.exec(line)
        if (match !== null) resolve(match)
      }
      this.#watchers.add(watcher)
      for (const line of this.#lines.slice(from)) watcher(line)
    })
    const missed = new Promise<never>((_, reject) => {
      const fail = (why: string) =>
        reject(new Error(`${this.#name} did not print ${String(pattern)} (${why}):\n${this.output}`))
      timer = setTimeout(() => fail(`waited ${ms} ms`), ms)
      void this.ended.then(fail)
    })
    try {
      return await Promise.race([found, missed])
    } finally {
      clearTimeout(timer)
      this.#watchers.delete(watcher)
    }
  }

  /** Tells it something over its channel. */
  tell(message: string): void {
    this.#process.send(message)
  }

  /** Its lines so far that begin with `word`, without it. */
  said(word: string): string[] {
    return this.#lines
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1))
  }

  /** Sends the signal and waits for the end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<string> {
    this.#process.kill(signal)
    return await this.ended
  }
}
