import { parameterInvalid } from './service-error'

/** Letters that may differ for each four of a name, so that it counts as a slip. */
const SLIPS_PER_LETTER = 1 / 4

/** What is wrong with the first property that is none of `names`, and which was probably meant; undefined: nothing. */
export function unknownName(owner: string, given: object, names: readonly string[]): string | undefined {
  const wrong = Object.keys(given).find((name) => !names.includes(name))
  if (wrong === undefined) return undefined
  const meant = closest(wrong, names)
  return `${owner} no property ${wrong}; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`}`
}

/** 400 `ParameterInvalid` for the first property that is none of `names`. */
export function refuseUnknownName(owner: string, given: object, names: readonly string[]): void {
  const wrong = unknownName(owner, given, names)
  if (wrong !== undefined) throw parameterInvalid(wrong)
}

function closest(wrong: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, slips: slips(letters(wrong), letters(name)) }))
    .filter(({ name, slips }) => slips <= Math.ceil(name.length * SLIPS_PER_LETTER))
    .sort((a, b) => a.slips - b.slips)
  return best?.name
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Letters to add, leave out or change on the way from one to the other. */
function slips(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, length) => length)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (const [place, other] of [...to].entries()) {
      const [diagonal = 0, above = 0] = row.slice(place, place + 2)
      next.push(Math.min(diagonal + (letter === other ? 0 : 1), above + 1, (next[place] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
