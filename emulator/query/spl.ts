import type { LogRecord } from './log-record'
import { parseGroupWithRecords } from './regroup'
import { parseSearch } from './search'
import { LineError, parseExpression, type SplExpression, type SplValue } from './spl-expression'
import { QueryError, TokenReader, tokenize } from './tokens'

/** One step of a pipeline: the log as it goes on, or undefined where it does not. */
type Stage = (record: LogRecord) => LogRecord | undefined

export interface SplResult {
  /** Encoded groups that still have a log. */
  groups: Buffer[]
  rawLines: number
  resultLines: number
  /** Lines on which a stage had no value; they are left out. */
  failedLines: number
}

/** A name may be bare, or stand in double quotes. */
const SPL_WORD = /^[\p{L}_][\p{L}\p{N}_.]*/u

/** A consumer query: a search condition, then `| where`, `| project`, `| project-away`, `| project-rename`, `| extend`. */
export class SplQuery {
  readonly #stages: readonly Stage[]

  /** @throws QueryError for anything else */
  constructor(text: string) {
    const [search = '', ...statements] = splitPipes(text)
    const condition = parseSearch(search)
    this.#stages = [(record) => (condition(record) ? record : undefined), ...statements.map(parseStatement)]
  }

  apply(groups: readonly Buffer[]): SplResult {
    const result: SplResult = { groups: [], rawLines: 0, resultLines: 0, failedLines: 0 }
    for (const body of groups) {
      const { records, encode } = parseGroupWithRecords(body)
      const kept = records.flatMap((record) => this.#run(record, result))
      result.rawLines += records.length
      result.resultLines += kept.length
      if (kept.length > 0) result.groups.push(encode(kept))
    }
    return result
  }

  #run(record: LogRecord, result: SplResult): LogRecord[] {
    try {
      let current: LogRecord | undefined = record
      for (const stage of this.#stages) {
        if (current === undefined) return []
        current = stage(current)
      }
      return current === undefined ? [] : [current]
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      result.failedLines++
      return []
    }
  }
}

/** Parts between the pipes that are not quoted and not the operator `||`. */
function splitPipes(text: string): string[] {
  const parts = ['']
  for (const [piece] of text.matchAll(/'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|\|\||[\s\S]/g)) {
    if (piece === '|') parts.push('')
    else parts[parts.length - 1] += piece
  }
  return parts
}

function parseStatement(text: string): Stage {
  const [, command = '', rest = ''] = /^\s*([a-z]+(?:-[a-z]+)*)\s*([\s\S]*)$/i.exec(text) ?? []
  const reader = new TokenReader(tokenize(rest, SPL_WORD))
  const stage = stageOf(command.toLowerCase(), reader)
  if (stage === undefined)
    throw new QueryError(
      `statement ${command === '' ? JSON.stringify(text.trim()) : command} is not supported`
    )
  if (!reader.done) throw reader.unexpected('end of the statement')
  return stage
}

function stageOf(command: string, reader: TokenReader): Stage | undefined {
  switch (command) {
    case 'where':
      return where(parseExpression(reader))
    case 'extend':
      return extend(list(reader, assignment))
    case 'project':
      return project(list(reader, projection))
    case 'project-away':
      return projectAway(new Set(list(reader, name)))
    case 'project-rename':
      return projectRename(list(reader, projection))
    default:
      return undefined
  }
}

function list<T>(reader: TokenReader, item: (reader: TokenReader) => T): T[] {
  const items = [item(reader)]
  while (reader.takeOperator(',') !== undefined) items.push(item(reader))
  return items
}

function name(reader: TokenReader): string {
  const token = reader.take()
  if (token.kind !== 'word' && token.kind !== 'double')
    throw new QueryError(`unexpected ${token.text} at ${token.at}`)
  return token.text
}

interface Projection {
  to: string
  from: string
}

/** `field`, or `new = field`. */
function projection(reader: TokenReader): Projection {
  const to = name(reader)
  return { to, from: reader.takeOperator('=') === undefined ? to : name(reader) }
}

interface Assignment {
  to: string
  expression: SplExpression
}

function assignment(reader: TokenReader): Assignment {
  const to = name(reader)
  reader.expectOperator('=')
  return { to, expression: parseExpression(reader) }
}

function where(condition: SplExpression): Stage {
  return (record) => {
    const value = condition(record)
    if (value !== null && typeof value !== 'boolean') throw new LineError('where needs a condition')
    return value === true ? record : undefined
  }
}

function extend(assignments: readonly Assignment[]): Stage {
  return (record) =>
    assignments.reduce((current, { to, expression }) => withField(current, to, expression(current)), record)
}

function withField(record: LogRecord, field: string, value: SplValue): LogRecord {
  const fields = new Map(record.fields)
  if (value === null) fields.delete(field)
  else fields.set(field, String(value))
  return { ...record, fields }
}

function project(projections: readonly Projection[]): Stage {
  return (record) => ({
    ...record,
    fields: new Map(
      projections.flatMap(({ to, from }): [string, string][] => {
        const value = record.fields.get(from)
        return value === undefined ? [] : [[to, value]]
      })
    )
  })
}

function projectAway(names: ReadonlySet<string>): Stage {
  return (record) => ({
    ...record,
    fields: new Map([...record.fields].filter(([field]) => !names.has(field)))
  })
}

function projectRename(renames: readonly Projection[]): Stage {
  const newNames = new Map(renames.map(({ to, from }) => [from, to]))
  return (record) => ({
    ...record,
    fields: new Map([...record.fields].map(([field, value]) => [newNames.get(field) ?? field, value]))
  })
}
