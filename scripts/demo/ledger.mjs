// What was sent and what came back. Only lines on their way are kept whole, so that the file may be larger than memory.

export class Ledger {
  #underway = new Map()
  #arrivals = 0
  #returned = 0
  #altered = 0
  #sent = 0

  send(index, bytes) {
    this.#sent += 1
    this.#underway.set(index, bytes)
  }

  arrive(index, bytes) {
    this.#arrivals += 1
    const original = this.#underway.get(index)
    if (original === undefined) return
    if (original.equals(bytes)) {
      this.#underway.delete(index)
      this.#returned += 1
    } else {
      this.#altered += 1
    }
  }

  get sent() {
    return this.#sent
  }

  get underway() {
    return this.#underway.size
  }

  /** Distinct lines that came back byte for byte. */
  get returned() {
    return this.#returned
  }

  /** Arrivals that differ from the line of their index. */
  get altered() {
    return this.#altered
  }

  /** Arrivals of lines that had come back before. */
  get duplicated() {
    return this.#arrivals - this.#returned - this.#altered
  }
}
