import { ServiceError } from '../service-error'

/** A JSON object that came as a body; every reader refuses a value of another type with `code`. */
export class JsonBody {
  readonly #object: Readonly<Record<string, unknown>>

  constructor(
    body: Buffer,
    /** Error code for a body that is not as it should be. */
    readonly code: string
  ) {
    const value = parseJson(body, code)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#invalid('the body is not a JSON object')
    }
    this.#object = { ...value }
  }

  text(name: string): string | undefined {
    const value = this.#object[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') throw this.#invalid(`${name} must be a string`)
    return value
  }

  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined || value === '') throw this.#invalid(`${name} is missing`)
    return value
  }

  /** An integer in [min, max]; digits in a string are taken too, as loosely typed SDKs send them. */
  integer(name: string, min: number, max: number, code = this.code): number | undefined {
    const value = this.#object[name]
    if (value === undefined || value === null) return undefined
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
      throw new ServiceError(400, code, `${name} must be an integer of [${min}-${max}]`)
    }
    return number
  }

  flag(name: string, code = this.code): boolean | undefined {
    const value = this.#object[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'boolean') throw new ServiceError(400, code, `${name} must be true or false`)
    return value
  }

  /** All properties but the named ones, as they came. */
  others(...names: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.#object).filter(([name]) => !names.includes(name)))
  }

  #invalid(message: string): ServiceError {
    return new ServiceError(400, this.code, message)
  }
}

export function parseJson(body: Buffer, code: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new ServiceError(400, code, 'the body is not valid JSON')
  }
}
