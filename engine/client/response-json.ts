import { SlsError } from './errors'
import type { ServiceResponse } from './signed-call'

/** An object or value of an answer's JSON, and where it stands there, for messages. */
export class JsonValue {
  readonly #response: ServiceResponse
  readonly #place: string
  readonly #value: unknown

  private constructor(response: ServiceResponse, place: string, value: unknown) {
    this.#response = response
    this.#place = place
    this.#value = value
  }

  /** @throws SlsError `BadResponse` where the body is no JSON. */
  static of(response: ServiceResponse): JsonValue {
    try {
      return new JsonValue(response, 'the answer', JSON.parse(response.body.toString('utf8')))
    } catch {
      throw badResponse(response, 'the answer is not JSON')
    }
  }

  get isArray(): boolean {
    return Array.isArray(this.#value)
  }

  /** The member, also where it is absent: see `isMissing`. */
  get(name: string): JsonValue {
    const value = this.#value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong('an object')
    const member: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    return new JsonValue(this.#response, name, member)
  }

  get isMissing(): boolean {
    return this.#value === undefined || this.#value === null
  }

  items(): JsonValue[] {
    if (!Array.isArray(this.#value)) throw this.#wrong('an array')
    return this.#value.map((value, index) => new JsonValue(this.#response, `${this.#place}[${index}]`, value))
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.#wrong('a text')
    return this.#value
  }

  /** A whole number from 0, written as a number or as decimal text. */
  natural(): number {
    const value = this.#value
    const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
      throw this.#wrong('a whole number')
    return number
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') throw this.#wrong('true or false')
    return this.#value
  }

  #wrong(expected: string): SlsError {
    return badResponse(this.#response, `${this.#place} is not ${expected}`)
  }
}

/** An answer that reports success but does not hold what the protocol says: it is tried again. */
export function badResponse(response: ServiceResponse, what: string): SlsError {
  return new SlsError('BadResponse', `${response.api}: ${what}`, {
    status: response.status,
    requestId: response.requestId,
    retryability: 'transient'
  })
}
