import { parameterInvalid, ServiceError } from '../service-error'
import type { QueryPairs } from './target'

const PARAMETER_INVALID = 'ParameterInvalid'

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

  /** A decimal integer in [min, max]; `code` is the error code for anything else. */
  integer(name: string, min: number, max: number, code = PARAMETER_INVALID): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= min && number <= max)) {
      throw new ServiceError(
        400,
        code,
        `parameter ${name} must be an integer of [${min}-${max}], not ${value}`
      )
    }
    return number
  }

  /** `true` or `false` in any case, as the Python SDK writes `True`; `code` is the error code for anything else. */
  flag(name: string, code = PARAMETER_INVALID): boolean | undefined {
    const value = this.#values.get(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (value !== 'true' && value !== 'false')
      throw new ServiceError(400, code, `parameter ${name} must be true or false`)
    return value === 'true'
  }
}
