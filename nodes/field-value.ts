import { SlsError } from '../engine/client/errors'

export type BufferText = 'utf8' | 'base64'

export function invalidLog(field: string, what: string): SlsError {
  return new SlsError('InvalidLog', `${field} ${what}`, { field })
}

/**
 * The text of a field's value; undefined where the field is to be left out (undefined, functions, symbols: what JSON
 * leaves out too). null is the text "null", a Date its ISO form, a bigint its digits, bytes as `bytes` says; an
 * array or object is JSON with the same rules inside.
 * @throws SlsError `InvalidLog` naming the field: a circular reference, a getter or toJSON that throws.
 */
export function fieldText(value: unknown, field: string, bytes: BufferText): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? 'null' : objectText(value, field, bytes)
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

/** Objects that are one text by nature. */
function plainText(value: object, bytes: BufferText): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Uint8Array) return bytesText(value, bytes)
  if (value instanceof ArrayBuffer) return bytesText(new Uint8Array(value), bytes)
  if (value instanceof RegExp || value instanceof URL) return String(value)
  if (value instanceof Error) return value.stack ?? String(value)
  return undefined
}

export function bytesText(value: Uint8Array, bytes: BufferText): string {
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
  if (value instanceof Set) return toJson([...value], field, bytes, path)
  if (value instanceof Map) return ownFields(Object.fromEntries(value), field, bytes, path)
  return ownFields(value, field, bytes, path)
}

function ownFields(value: object, field: string, bytes: BufferText, path: object[]): unknown {
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [key, element] of Object.entries(value)) {
    copy[key] = toJson(element, `${field}.${key}`, bytes, path)
  }
  return copy
}
