import { randomBytes } from 'node:crypto'

/** 24 upper-case hex digits, the first 8 the server's Unix seconds, as the service's own ids have it. */
export class RequestIds {
  /** Random for this process, then counting, so that no two ids are equal. */
  #serial = randomBytes(6).readUIntBE(0, 6)
  readonly #tail = randomBytes(2).toString('hex').toUpperCase()

  next(nowMs: number): string {
    this.#serial = (this.#serial + 1) % 2 ** 48
    const seconds = Math.floor(nowMs / 1000) % 2 ** 32
    return hex(seconds, 8) + hex(this.#serial, 12) + this.#tail
  }
}

function hex(value: number, digits: number): string {
  return Math.abs(value).toString(16).toUpperCase().padStart(digits, '0')
}
