import { fieldOf, flatten, type LogRecord } from './log-record'
import { QueryError, TokenReader, tokenize } from './tokens'

export type LogPredicate = (record: LogRecord) => boolean

/** Anything but separators and quotes; `*` and `?` are wildcards. */
const SEARCH_WORD = /^[^\s"'()[\]:=<>|,]+/
const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b
}

/**
 * A search condition: `*`, terms, `key: value`, `key: "a phrase"`, `key > 5`, `key in [1 5]`, and/or/not,
 * parentheses; terms side by side must all be there. Words match without case, `*` and `?` stand for any letters.
 * @throws QueryError
 */
export function parseSearch(text: string): LogPredicate {
  if (text.trim() === '') return () => true
  const reader = new TokenReader(tokenize(text, SEARCH_WORD))
  const predicate = parseOr(reader)
  if (!reader.done) throw reader.unexpected('end of the query')
  return predicate
}

function parseOr(reader: TokenReader): LogPredicate {
  const parts = [parseAnd(reader)]
  while (reader.takeKeyword('or') !== undefined) parts.push(parseAnd(reader))
  return parts.length === 1 && parts[0] !== undefined
    ? parts[0]
    : (record) => parts.some((part) => part(record))
}

function parseAnd(reader: TokenReader): LogPredicate {
  const parts = [parseNot(reader)]
  for (;;) {
    const token = reader.peek()
    const ends = token === undefined || (token.kind === 'operator' && token.text === ')')
    if (ends || (token.kind === 'word' && token.text.toLowerCase() === 'or')) break
    reader.takeKeyword('and')
    parts.push(parseNot(reader))
  }
  return (record) => parts.every((part) => part(record))
}

function parseNot(reader: TokenReader): LogPredicate {
  if (reader.takeKeyword('not') !== undefined) {
    const part = parseNot(reader)
    return (record) => !part(record)
  }
  if (reader.takeOperator('(') !== undefined) {
    const part = parseOr(reader)
    reader.expectOperator(')')
    return part
  }
  return parseTerm(reader)
}

function parseTerm(reader: TokenReader): LogPredicate {
  const token = reader.take()
  if (token.kind === 'operator' && token.text !== '*')
    throw new QueryError(`unexpected ${token.text} at ${token.at}`)
  if (reader.takeOperator(':') !== undefined) return fieldTerm(reader, tagName(reader, token.text))
  const comparison = reader.takeOperator('>', '>=', '<', '<=', '=')
  if (comparison !== undefined) return comparisonTerm(reader, token.text, comparison)
  if (reader.takeKeyword('in') !== undefined) return rangeTerm(reader, token.text)
  if (token.kind !== 'double' && token.text === '*') return () => true
  const matches = textMatcher(token.text, token.kind === 'double')
  return (record) =>
    Object.entries(flatten(record)).some(([name, value]) => name !== '__time__' && matches(value))
}

/** `__tag__:name`, of `__tag__:name:value`; any other name as it is. */
function tagName(reader: TokenReader, field: string): string {
  const separator = reader.peek(1)
  if (field !== '__tag__' || separator?.kind !== 'operator' || separator.text !== ':') return field
  const name = reader.take().text
  reader.takeOperator(':')
  return `${field}:${name}`
}

function fieldTerm(reader: TokenReader, field: string): LogPredicate {
  const token = reader.take()
  if (token.kind === 'operator' && token.text !== '*')
    throw new QueryError(`unexpected ${token.text} at ${token.at}`)
  const any = token.kind !== 'double' && token.text === '*'
  const matches = any ? () => true : textMatcher(token.text, token.kind === 'double')
  return (record) => {
    const value = fieldOf(record, field)
    return value !== undefined && matches(value)
  }
}

function comparisonTerm(reader: TokenReader, field: string, operator: string): LogPredicate {
  const limit = numberOf(reader)
  const compare = COMPARISONS[operator]
  return (record) => {
    const value = numeric(fieldOf(record, field))
    return value !== undefined && compare?.(value, limit) === true
  }
}

/** `in [a b]`, with round brackets where an end is excluded. */
function rangeTerm(reader: TokenReader, field: string): LogPredicate {
  const open = reader.takeOperator('[', '(')
  const low = numberOf(reader)
  const high = numberOf(reader)
  const close = reader.takeOperator(']', ')')
  if (open === undefined || close === undefined) throw reader.unexpected('a range like [1 5]')
  return (record) => {
    const value = numeric(fieldOf(record, field))
    if (value === undefined) return false
    return (open === '[' ? value >= low : value > low) && (close === ']' ? value <= high : value < high)
  }
}

function numberOf(reader: TokenReader): number {
  const minus = reader.takeOperator('-') !== undefined
  const value = numeric(reader.take().text)
  if (value === undefined) throw reader.unexpected('a number')
  return minus ? -value : value
}

function numeric(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined
}

/** A word matches a whole word of the value, a phrase any part of it. */
function textMatcher(text: string, isPhrase: boolean): (value: string) => boolean {
  const wanted = text.toLowerCase()
  if (isPhrase) return (value) => value.toLowerCase().includes(wanted)
  const pattern = wanted
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll('\\*', '[^\\s]*')
    .replaceAll('\\?', '[^\\s]')
  const word = new RegExp(`(?:^|[^\\p{L}\\p{N}_])${pattern}(?:$|[^\\p{L}\\p{N}_])`, 'u')
  return (value) => word.test(value.toLowerCase())
}
