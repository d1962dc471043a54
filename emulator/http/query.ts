import { parameterInvalid } from '../service-error'
import type { QueryPairs } from './target'

/** Query parameters by name. An empty value counts as absent, as several SDKs send their unset options so. */
export class Query {
  readonly #values = new Map<string, string>()

  constructor(pairs: QueryPairs) {
    for (const [name, value] of pairs)
      if (value !== '' && !this.#values.has(name)) this.#values.set(name, value)
  }

  text(name: string): string | undefined {
    return this.#values.get(name)
  }

  requiredText(name: string): string {
    const value = this.#values.get(name)
    if (value === undefined) throw parameterInvalid(`parameter ${name} is missing`)
    return value
  }

  /** A decimal integer in [min, max]. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= min && number <= max)) {
      throw parameterInvalid(`parameter ${name} must be an integer of [${min}-${max}], not ${value}`)
    }
    return number
  }

  /** `true` or `false` in any case: the Python SDK writes `True`. */
  flag(name: string): boolean | undefined {
    const value = this.#values.get(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (value !== 'true' && value !== 'false')
      throw parameterInvalid(`parameter ${name} must be true or false`)
    return value === 'true'
  }
}
