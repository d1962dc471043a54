import { types } from 'node:util'
import { SlsError } from '../engine/client/errors'
import { kindOf } from './field-value'

/** Where parts of a value are named: no form of a log is nested as deep as this. */
const namedLevels = 8

/**
 * What was thrown while a value was read, as an error that names the part of it which cannot be read: getters, proxies
 * and what flows make of them may throw anything. Errors that name a field already stay as they are.
 * @param field how the value is called
 * @param value undefined where there is none to look into
 * @param expected what it should be, such as `a text`
 */
export function unreadable(thrown: unknown, field: string, expected: string, value?: unknown): SlsError {
  if (types.isNativeError(thrown) && thrown instanceof SlsError) return thrown
  const part = partAtFault(value, field, namedLevels, new Set()) ?? field
  const reason = reasonOf(thrown)
  return new SlsError('InvalidLog', `${part} cannot be read: ${reason} (expected ${expected})`, {
    field: part,
    cause: thrown
  })
}

/** The name of the first part that throws when it is looked at; undefined where none does. */
function partAtFault(value: unknown, name: string, levels: number, seen: Set<unknown>): string | undefined {
  if (typeof value !== 'object' || value === null || levels === 0 || seen.has(value)) return undefined
  seen.add(value)
  const names = namesIn(value, name)
  if (names === undefined) return name
  for (const [key, part] of names) {
    let element: unknown
    try {
      element = (value as Record<string, unknown>)[key]
    } catch {
      return part
    }
    const found = partAtFault(element, part, levels - 1, seen)
    if (found !== undefined) return found
  }
  return undefined
}

/** The keys of a value and what their elements are called; undefined where it does not even tell its keys. */
function namesIn(value: object, name: string): [key: string, name: string][] | undefined {
  try {
    Object.getPrototypeOf(value)
    const isList = kindOf(value) === 'Array'
    return Object.keys(value).map((key) => [key, isList ? `${name}[${key}]` : `${name}.${key}`])
  } catch {
    return undefined
  }
}

/** What was thrown in one line, even where it has no text. */
export function reasonOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    return 'no reason is given'
  }
}
