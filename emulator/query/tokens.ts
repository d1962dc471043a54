/** A piece of a query: a word, a number, quoted text, or an operator. */
export interface Token {
  kind: 'word' | 'number' | 'single' | 'double' | 'operator'
  text: string
  /** Offset in the query, for messages. */
  at: number
}

/** Why a query is refused, and where. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
}

/** Pieces of one query, at most: what its parts may nest is bounded by it. */
const MAX_TOKENS = 1000
const NUMBER = /^\d+(?:\.\d+)?/
const OPERATOR = /^(?:<>|!=|<=|>=|\|\||==|[-+*/%=<>(),|:[\]])/

/** Splits a query; `wordPattern` says what a bare word may hold. */
export function tokenize(text: string, wordPattern: RegExp): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const space = /^\s+/.exec(rest)
    if (space !== null) {
      at += space[0].length
      continue
    }
    const token = nextToken(rest, at, wordPattern)
    if (tokens.push(token.token) > MAX_TOKENS)
      throw new QueryError(`the query has more than ${MAX_TOKENS} parts`)
    at += token.length
  }
  return tokens
}

function nextToken(rest: string, at: number, wordPattern: RegExp): { token: Token; length: number } {
  const quote = rest[0]
  if (quote === '"' || quote === "'") return quoted(rest, at, quote)
  for (const [kind, pattern] of [
    ['number', NUMBER],
    ['word', wordPattern],
    ['operator', OPERATOR]
  ] as const) {
    const match = pattern.exec(rest)?.[0]
    if (match === undefined || match === '') continue
    if (kind === 'number' && wordPattern.exec(rest)?.[0].length !== undefined) {
      const word = wordPattern.exec(rest)?.[0] ?? ''
      if (word.length > match.length) continue
    }
    return { token: { kind, text: match, at }, length: match.length }
  }
  throw new QueryError(`unexpected ${JSON.stringify(rest[0])} at ${at}`)
}

/** Single quotes are doubled inside, double quotes escaped with a backslash. */
function quoted(rest: string, at: number, quote: string): { token: Token; length: number } {
  const pattern = quote === "'" ? /^'((?:[^']|'')*)'/ : /^"((?:[^"\\]|\\.)*)"/s
  const match = pattern.exec(rest)
  if (match === null) throw new QueryError(`text is not ended at ${at}`)
  const inner = match[1] ?? ''
  return {
    token: {
      kind: quote === "'" ? 'single' : 'double',
      text: quote === "'" ? inner.replaceAll("''", "'") : inner.replace(/\\(.)/gs, '$1'),
      at
    },
    length: match[0].length
  }
}

/** Reads tokens one by one. */
export class TokenReader {
  #next = 0

  constructor(private readonly tokens: readonly Token[]) {}

  get done(): boolean {
    return this.#next >= this.tokens.length
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.#next + ahead]
  }

  take(): Token {
    const token = this.tokens[this.#next++]
    if (token === undefined) throw new QueryError('the query ends too early')
    return token
  }

  /** Takes the next token where it is this operator. */
  takeOperator(...texts: readonly string[]): string | undefined {
    const token = this.peek()
    if (token?.kind !== 'operator' || !texts.includes(token.text)) return undefined
    this.#next++
    return token.text
  }

  /** Takes the next token where it is this keyword, in any case. */
  takeKeyword(...words: readonly string[]): string | undefined {
    const token = this.peek()
    const word = token?.kind === 'word' ? token.text.toLowerCase() : undefined
    if (word === undefined || !words.includes(word)) return undefined
    this.#next++
    return word
  }

  expectOperator(text: string): void {
    if (this.takeOperator(text) === undefined) throw this.unexpected(text)
  }

  unexpected(wanted: string): QueryError {
    const token = this.peek()
    const found = token === undefined ? 'the end' : `${JSON.stringify(token.text)} at ${token.at}`
    return new QueryError(`${wanted} expected, not ${found}`)
  }
}
