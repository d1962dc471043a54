export interface FieldConversion {
  /** Values that are JSON objects, arrays, true, false or null become what they say. */
  parseJson: boolean
  /** Values that are decimal numbers become numbers, if the number is written just so. */
  numbers: boolean
}

/** The record with its values converted; a value that is not what the conversion looks for stays text. */
export function convertRecord(
  record: Readonly<Record<string, string>>,
  conversion: FieldConversion
): Record<string, unknown> {
  const converted: Record<string, unknown> = {}
  for (const key of Object.keys(record)) {
    const value = convertText(record[key] ?? '', conversion)
    if (key === '__proto__') {
      Object.defineProperty(converted, key, { value, enumerable: true, writable: true, configurable: true })
    } else {
      converted[key] = value
    }
  }
  return converted
}

/** The records with their values converted; the same ones where nothing is to be. */
export function convertRecords(
  records: Record<string, string>[],
  conversion: FieldConversion
): Record<string, unknown>[] {
  if (!conversion.parseJson && !conversion.numbers) return records
  return records.map((record) => convertRecord(record, conversion))
}

const decimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const literals: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null]
])

function convertText(text: string, conversion: FieldConversion): unknown {
  if (conversion.numbers && decimal.test(text)) return exactNumber(text)
  if (!conversion.parseJson) return text
  const literal = literals.get(text)
  if (literal !== undefined) return literal
  return /^\s*[{[]/.test(text) ? parsed(text) : text
}

/** Ids, versions and long digits stay text: `007`, `1.10`, `12345678901234567890`. */
function exactNumber(text: string): string | number {
  const number = Number(text)
  return String(number) === text ? number : text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
