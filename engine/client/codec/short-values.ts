import { MAX_FIELDS } from './log-scanner'

/** Bytes. A string of so few characters never is a part of a longer one. */
export const SHORT_VALUE = 12
const SLOTS = 4096
const SLOT_BITS = 12
/** Words of a slot: the size, and the bytes. */
const WORDS = 4
const NOT_ASCII = 0x8080_8080 | 0

/** Up to this size in bytes a value is always looked for: there are few such values. */
const ALWAYS_KNOWN = 3
/** What a field has earned by being found counts twice what it lost by not being found, within bounds. */
const MOST_WORTH = 32
const LEAST_WORTH = -16
/** One in so many logs is looked for although its field is not worth it: that may have changed. */
const PROBE = 16

/**
 * Short values that were read before: states, codes and small numbers come again and again, and then are strings that
 * exist already. A value has one slot, where a later one with the same hash replaces it.
 */
export class ShortValues {
  /** By slot: size, and the bytes in words of 4 that may overlap. All zeros are the empty value. */
  readonly #words = new Int32Array(SLOTS * WORDS)
  readonly #texts: string[] = new Array<string>(SLOTS).fill('')
  /** By field: below 0 where its values hardly ever come again. */
  readonly #worth = new Int32Array(MAX_FIELDS)
  /** The value last looked for. */
  #slot = 0
  #size = 0
  #first = 0
  #middle = 0
  #last = 0

  /** Whether a value of `size` bytes is to be looked for. */
  takes(field: number, size: number, logNumber: number): boolean {
    if (size > SHORT_VALUE) return false
    return size <= ALWAYS_KNOWN || (this.#worth[field] as number) >= 0 || logNumber % PROBE === 0
  }

  /** The value in bytes `start` to `end`, before which there are 4 bytes at least; undefined where it is new. */
  find(field: number, view: DataView, start: number, end: number): string | undefined {
    const size = end - start
    let first = view.getInt32(end - 4, true)
    let middle = 0
    let last = 0
    if (size >= 4) {
      last = first
      first = view.getInt32(start, true)
      if (size > 8) middle = view.getInt32(start + 4, true)
    } else first = size === 0 ? 0 : first >>> ((4 - size) * 8)
    const hash = Math.imul(
      Math.imul(first ^ Math.imul(last, 0x9e37_79b1) ^ middle, 0x85eb_ca6b) ^ size,
      0x9e37_79b1
    )
    const slot = hash >>> (32 - SLOT_BITS)
    const words = this.#words
    const at = slot * WORDS
    const worth = this.#worth[field] as number
    if (words[at] === size && words[at + 1] === first && words[at + 2] === middle && words[at + 3] === last) {
      if (worth < MOST_WORTH) this.#worth[field] = worth + 2
      return this.#texts[slot]
    }
    if (worth > LEAST_WORTH) this.#worth[field] = worth - 1
    this.#slot = slot
    this.#size = size
    this.#first = first
    this.#middle = middle
    this.#last = last
    return undefined
  }

  /** Whether the value that was not found is ASCII. */
  get isAscii(): boolean {
    return ((this.#first | this.#middle | this.#last) & NOT_ASCII) === 0
  }

  /** Keeps the value that was not found. */
  add(text: string): string {
    const words = this.#words
    const at = this.#slot * WORDS
    words[at] = this.#size
    words[at + 1] = this.#first
    words[at + 2] = this.#middle
    words[at + 3] = this.#last
    this.#texts[this.#slot] = text
    return text
  }
}
