import { SlsError } from '../engine/client/errors'

export type BufferText = 'utf8' | 'base64'

export function invalidLog(field: string, what: string): SlsError {
  return new SlsError('InvalidLog', `${field} ${what}`, { field })
}

/** A value of any kind in a few words, for errors. */
export function describe(value: unknown): string {
  try {
    if (typeof value === 'function') return 'a function'
    if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
    return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value)
  } catch {
    return 'a revoked proxy'
  }
}

/**
 * The text of a field's value; undefined where the field is to be left out (undefined, functions, symbols: what JSON
 * leaves out too). null is the text "null", a Date its ISO form, a bigint its digits, bytes as `bytes` says; an
 * array or object is JSON with the same rules inside.
 * @throws SlsError `InvalidLog` naming the field: a circular reference, a getter or toJSON that throws.
 */
export function fieldText(value: unknown, field: string, bytes: BufferText): string | undefined {
  if (typeof value !== 'object') return scalarText(value)
  return value === null ? 'null' : objectText(value, field, bytes)
}

/** The same for what is no object. */
export function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    default:
      return undefined
  }
}

function objectText(value: object, field: string, bytes: BufferText): string | undefined {
  const plain = plainText(value, bytes)
  if (plain !== undefined) return plain
  const path: object[] = []
  try {
    const text = JSON.stringify(toJson(value, field, bytes, path)) as string | undefined
    return text
  } catch (error) {
    if (error instanceof SlsError) throw error
    throw new SlsError('InvalidLog', `${field} cannot be written as JSON: ${String(error)}`, {
      field,
      cause: error
    })
  }
}

/**
 * What kind of built-in object it is, whichever realm it is from: Function nodes run in one of their own, so that
 * `instanceof` fails for what they make.
 */
export function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** The text of an object that is one by nature; undefined for all others. */
export function plainText(value: object, bytes: BufferText): string | undefined {
  if (Object.getPrototypeOf(value) === Object.prototype && !(Symbol.toStringTag in value)) return undefined
  switch (kindOf(value)) {
    case 'Object':
    case 'Array':
      return value instanceof Error ? errorText(value) : undefined
    case 'Date':
      return dateText(value as Date)
    case 'Uint8Array':
    case 'DataView':
      return bytesText(value as ArrayBufferView, bytes)
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
      return bytesText(new Uint8Array(value as ArrayBuffer), bytes)
    case 'RegExp':
    case 'URL':
    case 'URLSearchParams':
    case 'String':
    case 'Number':
    case 'Boolean':
    case 'BigInt':
      return String(value)
    case 'Error':
    case 'DOMException':
      return errorText(value as Error)
    default:
      return undefined
  }
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString()
}

function errorText(error: Error): string {
  return error.stack ?? String(error)
}

export function bytesText(value: ArrayBufferView, bytes: BufferText): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(bytes)
}

/** A copy that JSON.stringify can write; `path` holds the objects on the way down, to find a circle. */
function toJson(value: unknown, field: string, bytes: BufferText, path: object[]): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  const plain = plainText(value, bytes)
  if (plain !== undefined) return plain
  if (path.includes(value)) throw invalidLog(field, 'holds a circular reference')
  path.push(value)
  const copy = copyOf(value, field, bytes, path)
  path.pop()
  return copy
}

function copyOf(value: object, field: string, bytes: BufferText, path: object[]): unknown {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json: unknown = value.toJSON()
    return json === value ? ownFields(value, field, bytes, path) : toJson(json, field, bytes, path)
  }
  if (Array.isArray(value)) {
    return value.map((element: unknown, index) => toJson(element, `${field}[${index}]`, bytes, path))
  }
  const kind = kindOf(value)
  if (kind === 'Set') return toJson([...(value as Set<unknown>)], field, bytes, path)
  if (kind === 'Map') return ownFields(Object.fromEntries(value as Map<unknown, unknown>), field, bytes, path)
  return ownFields(value, field, bytes, path)
}

function ownFields(value: object, field: string, bytes: BufferText, path: object[]): unknown {
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [key, element] of Object.entries(value)) {
    copy[key] = toJson(element, `${field}.${key}`, bytes, path)
  }
  return copy
}
