/** Milliseconds for which a fault of a disk may be one that passes: a cable, a share that does not answer. */
const PATIENCE = 60_000

/** Files with a place that the disk fails to read. */
export class ReadFaults {
  readonly #faults = new Map<string, { position: number; since: number }>()

  /** @param now milliseconds from any fixed instant, never going back */
  constructor(private readonly now: () => number) {}

  /** The place could not be read: whether it is to be given up, since faults of the file do not pass. */
  failed(name: string, position: number): boolean {
    const fault = this.#faults.get(name) ?? { position, since: this.now() }
    this.#faults.set(name, fault)
    return this.now() - fault.since >= PATIENCE
  }

  /** The place could be read. */
  passed(name: string, position: number): void {
    if (this.#faults.get(name)?.position === position) this.#faults.delete(name)
  }
}
