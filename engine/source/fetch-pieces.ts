/** Logs `from` up to before `to` of one log group of a fetch. */
export interface Piece {
  readonly group: number
  readonly from: number
  readonly to: number
  acked: boolean
  /** How often the flow refused it. */
  refusals: number
}

/**
 * The log groups of a fetch as the flow is given them: whole, until one that the flow refuses again and again is
 * halved, and halved again, so that in the end only the log at fault is given up.
 */
export class FetchPieces {
  readonly #logCounts: readonly number[]
  readonly #pieces = new Map<number, readonly Piece[]>()
  readonly #logRefusals = new Map<string, number>()

  /** @param logCounts of each group */
  constructor(logCounts: readonly number[]) {
    this.#logCounts = logCounts
  }

  of(group: number): readonly Piece[] {
    const known = this.#pieces.get(group)
    if (known !== undefined) return known
    const whole = { group, from: 0, to: this.#logCounts[group] ?? 0, acked: false, refusals: 0 }
    this.#pieces.set(group, [whole])
    return [whole]
  }

  /** Acknowledges a piece; true where its group is acknowledged with it. */
  ack(piece: Piece): boolean {
    piece.acked = true
    return this.of(piece.group).every(({ acked }) => acked)
  }

  /** True where the piece is halved: it holds more than one log. */
  halve(piece: Piece, refusals: number): boolean {
    const { group, from, to } = piece
    if (to - from < 2) return false
    const middle = Math.floor((from + to) / 2)
    const halves = [
      { group, from, to: middle, acked: false, refusals: middle - from > 1 ? refusals : 0 },
      { group, from: middle, to, acked: false, refusals: to - middle > 1 ? refusals : 0 }
    ]
    this.#pieces.set(
      group,
      this.of(group).flatMap((each) => (each === piece ? halves : [each]))
    )
    return true
  }

  /** Counts a refusal of one log of a piece; how many there were. */
  refuseLog(piece: Piece, log: number): number {
    const key = `${piece.group}/${piece.from + log}`
    const refusals = (this.#logRefusals.get(key) ?? 0) + 1
    this.#logRefusals.set(key, refusals)
    return refusals
  }
}
