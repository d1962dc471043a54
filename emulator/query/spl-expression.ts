import { fieldOf, type LogRecord } from './log-record'
import { QueryError, type TokenReader } from './tokens'

export type SplValue = string | number | boolean | null
export type SplExpression = (record: LogRecord) => SplValue

/** A line on which an expression has no value, such as text where a number is needed. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

/** `or`, `and`, `not`, comparisons, `like`, `in`, `is null`, arithmetic, `||`, a few functions; from loosest to tightest. */
export function parseExpression(reader: TokenReader): SplExpression {
  return parseOr(reader)
}

function parseOr(reader: TokenReader): SplExpression {
  let left = parseAnd(reader)
  while (reader.takeKeyword('or') !== undefined) {
    const [a, b] = [left, parseAnd(reader)]
    left = (record) => either(truth(a(record)), () => truth(b(record)))
  }
  return left
}

function parseAnd(reader: TokenReader): SplExpression {
  let left = parseNot(reader)
  while (reader.takeKeyword('and') !== undefined) {
    const [a, b] = [left, parseNot(reader)]
    left = (record) => both(truth(a(record)), () => truth(b(record)))
  }
  return left
}

function parseNot(reader: TokenReader): SplExpression {
  if (reader.takeKeyword('not') === undefined) return parseComparison(reader)
  return negate(parseNot(reader))
}

function parseComparison(reader: TokenReader): SplExpression {
  const left = parseSum(reader)
  const operator = reader.takeOperator('=', '==', '!=', '<>', '<', '<=', '>', '>=')
  if (operator !== undefined) return comparison(operator, left, parseSum(reader))
  if (reader.takeKeyword('is') !== undefined) {
    const isNot = reader.takeKeyword('not') !== undefined
    if (reader.takeKeyword('null') === undefined) throw reader.unexpected('null')
    return (record) => (left(record) === null) !== isNot
  }
  const isNot = reader.takeKeyword('not') !== undefined
  const test = parseTest(reader, left)
  if (test === undefined && isNot) throw reader.unexpected('like, in or between')
  return test === undefined ? left : isNot ? negate(test) : test
}

function parseTest(reader: TokenReader, left: SplExpression): SplExpression | undefined {
  if (reader.takeKeyword('like') !== undefined) {
    const pattern = parseSum(reader)
    return (record) => like(left(record), pattern(record))
  }
  if (reader.takeKeyword('in') !== undefined) {
    reader.expectOperator('(')
    const choices = parseList(reader).map((choice) => comparison('=', left, choice))
    return (record) => choices.some((choice) => choice(record) === true)
  }
  if (reader.takeKeyword('between') === undefined) return undefined
  const low = comparison('>=', left, parseSum(reader))
  if (reader.takeKeyword('and') === undefined) throw reader.unexpected('and')
  const high = comparison('<=', left, parseSum(reader))
  return (record) => both(truth(low(record)), () => truth(high(record)))
}

function parseSum(reader: TokenReader): SplExpression {
  let left = parseProduct(reader)
  for (;;) {
    const operator = reader.takeOperator('+', '-', '||')
    if (operator === undefined) return left
    left =
      operator === '||'
        ? joined([left, parseProduct(reader)])
        : arithmetic(operator, left, parseProduct(reader))
  }
}

function parseProduct(reader: TokenReader): SplExpression {
  let left = parsePrimary(reader)
  for (;;) {
    const operator = reader.takeOperator('*', '/', '%')
    if (operator === undefined) return left
    left = arithmetic(operator, left, parsePrimary(reader))
  }
}

function parsePrimary(reader: TokenReader): SplExpression {
  if (reader.takeOperator('(') !== undefined) {
    const inner = parseExpression(reader)
    reader.expectOperator(')')
    return inner
  }
  if (reader.takeOperator('-') !== undefined) return arithmetic('-', () => 0, parsePrimary(reader))
  const literal = reader.takeKeyword('true', 'false', 'null')
  if (literal !== undefined) return () => (literal === 'null' ? null : literal === 'true')
  const token = reader.take()
  if (token.kind === 'number') return constant(Number(token.text))
  if (token.kind === 'single') return constant(token.text)
  if (token.kind === 'operator') throw new QueryError(`unexpected ${token.text} at ${token.at}`)
  if (token.kind === 'word' && reader.takeOperator('(') !== undefined) return parseCall(reader, token.text)
  return (record) => fieldOf(record, token.text) ?? null
}

function parseCall(reader: TokenReader, name: string): SplExpression {
  const lowered = name.toLowerCase()
  if (lowered === 'cast' || lowered === 'try_cast') return parseCast(reader, lowered === 'try_cast')
  const args = reader.takeOperator(')') === undefined ? parseList(reader) : []
  if (lowered === 'concat') return joined(args)
  if (lowered === 'coalesce') {
    return (record) => args.reduce<SplValue>((found, arg) => found ?? arg(record), null)
  }
  const text = TEXT_FUNCTIONS.get(lowered)
  const [first] = args
  if (text === undefined || first === undefined) throw new QueryError(`function ${name} is not supported`)
  return (record) => {
    const value = first(record)
    return value === null
      ? null
      : text(
          String(value),
          args.slice(1).map((arg) => arg(record))
        )
  }
}

const TEXT_FUNCTIONS = new Map<string, (text: string, args: readonly SplValue[]) => SplValue>([
  ['lower', (text) => text.toLowerCase()],
  ['upper', (text) => text.toUpperCase()],
  ['trim', (text) => text.trim()],
  ['length', (text) => [...text].length],
  ['regexp_like', (text, [pattern]) => regularExpression(String(pattern)).test(text)],
  ['starts_with', (text, [start]) => text.startsWith(String(start))],
  ['replace', (text, [from, to]) => text.replaceAll(String(from), String(to ?? ''))],
  ['substr', (text, [start, length]) => substr(text, start, length)]
])

function regularExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    throw new LineError(`${pattern} is not a regular expression`)
  }
}

function substr(text: string, start: SplValue | undefined, length: SplValue | undefined): string {
  const letters = [...text]
  const from = Number(start) > 0 ? Number(start) - 1 : letters.length + Number(start)
  return letters.slice(from, length === undefined ? undefined : from + Number(length)).join('')
}

function parseCast(reader: TokenReader, isTry: boolean): SplExpression {
  const value = parseExpression(reader)
  if (reader.takeKeyword('as') === undefined) throw reader.unexpected('as')
  const type = reader.takeKeyword('bigint', 'integer', 'double', 'varchar', 'boolean')
  if (type === undefined) throw reader.unexpected('bigint, integer, double, varchar or boolean')
  reader.expectOperator(')')
  return (record) => {
    try {
      return cast(value(record), type)
    } catch (error) {
      if (isTry && error instanceof LineError) return null
      throw error
    }
  }
}

function cast(value: SplValue, type: string): SplValue {
  if (value === null) return null
  if (type === 'varchar') return String(value)
  if (type === 'boolean') {
    const text = String(value).toLowerCase()
    if (text !== 'true' && text !== 'false') throw new LineError(`${text} is not a boolean`)
    return text === 'true'
  }
  const number = toNumber(value)
  return type === 'double' ? number : Math.trunc(number)
}

/** The rest of a list, its closing bracket included. */
function parseList(reader: TokenReader): SplExpression[] {
  const list = [parseExpression(reader)]
  while (reader.takeOperator(',') !== undefined) list.push(parseExpression(reader))
  reader.expectOperator(')')
  return list
}

function constant(value: SplValue): SplExpression {
  return () => value
}

function negate(expression: SplExpression): SplExpression {
  return (record) => {
    const value = truth(expression(record))
    return value === null ? null : !value
  }
}

/** Numbers where one side is a number, text otherwise; nothing where a side is missing. */
function comparison(operator: string, left: SplExpression, right: SplExpression): SplExpression {
  return (record) => {
    const [a, b] = [left(record), right(record)]
    if (a === null || b === null) return null
    const asNumbers = typeof a === 'number' || typeof b === 'number'
    return compares(operator, asNumbers ? toNumber(a) : String(a), asNumbers ? toNumber(b) : String(b))
  }
}

function compares<T extends string | number>(operator: string, a: T, b: T): boolean {
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    default:
      return (a === b) === (operator === '=' || operator === '==')
  }
}

function arithmetic(operator: string, left: SplExpression, right: SplExpression): SplExpression {
  return (record) => {
    const [x, y] = [left(record), right(record)]
    if (x === null || y === null) return null
    const [a, b] = [toNumber(x), toNumber(y)]
    if (operator === '+') return a + b
    if (operator === '-') return a - b
    if (operator === '*') return a * b
    if (b === 0) throw new LineError('division by zero')
    return operator === '/' ? a / b : a % b
  }
}

function joined(parts: readonly SplExpression[]): SplExpression {
  return (record) => {
    const values = parts.map((part) => part(record))
    return values.includes(null) ? null : values.join('')
  }
}

function like(value: SplValue, pattern: SplValue): SplValue {
  if (value === null || pattern === null) return null
  const source = String(pattern)
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, 'su').test(String(value))
}

function toNumber(value: string | number | boolean): number {
  const number = typeof value === 'number' ? value : value === '' ? Number.NaN : Number(value)
  if (Number.isNaN(number) || typeof value === 'boolean') throw new LineError(`${value} is not a number`)
  return number
}

function truth(value: SplValue): boolean | null {
  if (value === null || typeof value === 'boolean') return value
  throw new LineError(`${value} is not a condition`)
}

/** Three-valued logic: null is unknown. */
function both(a: boolean | null, second: () => boolean | null): boolean | null {
  if (a === false) return false
  const b = second()
  return b === false ? false : a === null ? null : b
}

function either(a: boolean | null, second: () => boolean | null): boolean | null {
  if (a === true) return true
  const b = second()
  return b === true ? true : a === null ? null : b
}
