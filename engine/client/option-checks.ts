import { SlsError } from './errors'

/** The longest wait that a Node timer keeps, ms: 24 days. */
export const longestTimer = 2_147_483_647

/** All options that there are, as an object so that the compiler misses none. */
export type OptionNames<Options> = Readonly<Record<Options extends unknown ? keyof Options : never, true>>

export function invalid(field: string, message: string): SlsError {
  return new SlsError('InvalidOption', message, { field })
}

/** @throws SlsError `InvalidOption` unless it is a whole number within the bounds, both included */
export function whole(field: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw invalid(field, `${field} must be a whole number from ${least} to ${most}`)
}

/** @throws SlsError `InvalidOption` unless it is true or false */
export function truth(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(field, `${field} must be true or false`)
}

/** @throws SlsError `InvalidOption` unless it is one of the choices */
export function oneOf<const Choice extends string>(
  field: string,
  value: unknown,
  choices: readonly Choice[]
): Choice {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw invalid(field, `${field} must be one of ${choices.join(', ')}`)
}

/** @throws SlsError `InvalidOption` unless it is an object and no array */
export function checkedObject<Value>(field: string, value: Value): Value & object {
  if (typeof value === 'object' && value !== null && !isListOrRevoked(value)) return value
  throw invalid(field, `${field} must be an object`)
}

/** A proxy that was revoked answers no question, that whether it is an array neither. */
function isListOrRevoked(value: object): boolean {
  try {
    return Array.isArray(value)
  } catch {
    return true
  }
}

/** True for a text that a logstore or a consumer group may have as its name. */
export function isResourceName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(name)
}

/** @throws SlsError `InvalidOption` unless it is a text of at least one character */
export function text(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalid(field, `${field} must be a text`)
}

/** @throws SlsError `InvalidOption` unless it is a text, which may be empty, or is not given */
export function optionalText(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return value === '' ? '' : text(field, value)
}

/** @throws SlsError `InvalidOption` unless it is a function */
export function callable<Value>(field: string, value: Value): Value {
  if (typeof value === 'function') return value
  throw invalid(field, `${field} must be a function`)
}

/** @throws SlsError `InvalidOption` unless it is an object with all these functions */
export function having<Value>(
  field: string,
  value: Value,
  functions: readonly (keyof Value & string)[]
): Value {
  const given = checkedObject(field, value)
  const missing = functions.find((name) => typeof given[name] !== 'function')
  if (missing === undefined) return given
  throw invalid(field, `${field} must be an object with the function ${missing}`)
}

/** @throws SlsError `InvalidOption` unless it is a signal, or is not given */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal === null) return
  having('signal', signal as AbortSignal, ['addEventListener', 'removeEventListener'])
}

/** @throws SlsError `InvalidOption` unless it is a Buffer */
export function checkedBytes<Value>(field: string, value: Value): Value {
  if (Buffer.isBuffer(value)) return value
  throw invalid(field, `${field} must be a Buffer`)
}

/** @throws SlsError `InvalidOption` unless it is one of the names, telling the one that was probably meant */
export function checkedName<Name extends string>(
  field: string,
  value: Name,
  names: Readonly<Record<Name, true>>
): Name {
  const given = text(field, value)
  if (Object.hasOwn(names, given)) return value
  const all = Object.keys(names)
  const meant = nearest(given, all)
  const help = meant === undefined ? `expected ${all.join(', ')}` : `did you mean ${meant}?`
  throw invalid(field, `${field} ${JSON.stringify(given.slice(0, 64))} is not known: ${help}`)
}

/**
 * @param part the option that the given ones are part of, where they are not a whole themselves
 * @throws SlsError `InvalidOption` naming the first that there is not, and the one that was probably meant
 */
export function checkNames(given: unknown, names: Readonly<Record<string, true>>, part?: string): void {
  const wrong = unknownNames(given, names, part)[0]
  if (wrong === undefined) return
  const all = Object.keys(names)
  throw notOption(wrong, nearest(wrong, all), all, part)
}

/**
 * As {@link checkNames} for objects that others make too, with more in them: only what looks like a slip is refused.
 * @throws SlsError `InvalidOption` naming the first that is written nearly like an option, and that option
 */
export function checkSpelling(given: unknown, names: Readonly<Record<string, true>>, part: string): void {
  const all = Object.keys(names)
  for (const wrong of unknownNames(given, names, part)) {
    const meant = nearest(wrong, all)
    if (meant !== undefined) throw notOption(wrong, meant, all, part)
  }
}

function unknownNames(given: unknown, names: Readonly<Record<string, true>>, part = 'options'): string[] {
  return Object.keys(checkedObject(part, given)).filter((name) => !Object.hasOwn(names, name))
}

function notOption(
  wrong: string,
  meant: string | undefined,
  all: readonly string[],
  part: string | undefined
): SlsError {
  const full = (name: string) => (part === undefined ? name : `${part}.${name}`)
  const help = meant === undefined ? `: expected ${all.join(', ')}` : `: did you mean ${full(meant)}?`
  return invalid(full(wrong), `${full(wrong)} is not an option${help}`)
}

/** The name that is written the most alike; undefined where none is. */
function nearest(given: string, names: readonly string[]): string | undefined {
  const text = plain(given)
  let nearest: string | undefined
  let least = Math.round(text.length * 0.4) + 1
  for (const name of names) {
    const edits = editDistance(text, plain(name))
    if (edits >= least) continue
    least = edits
    nearest = name
  }
  return nearest
}

function plain(name: string): string {
  return name.replace(/[-_.]/g, '').toLowerCase()
}

/** Letters to insert, remove, replace or swap with the next one until both are the same. */
function editDistance(one: string, other: string): number {
  let before: number[] = []
  let above = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      )
    }
    before = above
    above = current
  }
  return above[other.length] ?? 0
}
