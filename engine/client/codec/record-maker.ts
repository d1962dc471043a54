import { recordNames } from './record-names'

type MakeRecord = (values: readonly string[]) => Record<string, string>

/** Records of one kind after which a function of its own is compiled for them. */
const COMPILED_AFTER = 50
const MAX_COMPILED = 256

/** How many functions may be compiled in all. Hostile key sets cost time, never memory. */
export class CompileBudget {
  #left = MAX_COMPILED

  take(): boolean {
    return this.#left-- > 0
  }
}

/**
 * Makes records of logs with the same keys. For keys that come often a constructor is compiled: it costs a tenth of
 * setting the fields of an object one by one.
 */
export class RecordMaker {
  readonly #names: readonly string[]
  readonly #budget: CompileBudget
  /** A record with every field. JSON.parse lays it out compactly however many fields there are. */
  readonly #template: Readonly<Record<string, string>>
  #made = 0
  /** A record of these values, by field. */
  make: MakeRecord = (values) => this.#copyTemplate(values)

  constructor(keys: readonly string[], budget: CompileBudget) {
    this.#names = recordNames(keys)
    this.#budget = budget
    this.#template = JSON.parse(`{${this.#names.map((name) => `${JSON.stringify(name)}:""`).join()}}`)
  }

  #copyTemplate(values: readonly string[]): Record<string, string> {
    if (++this.#made === COMPILED_AFTER && this.#budget.take()) {
      this.make = compiled(this.#names) ?? this.make
    }
    const names = this.#names
    const record = { ...this.#template }
    for (let field = 0; field < names.length; field++) {
      record[names[field] as string] = values[field] as string
    }
    return record
  }
}

/**
 * A constructor and not an object literal, whose objects V8 places among the old ones once many of them live long.
 * undefined where the process forbids code made from text, or a name would not become a field by assigning it.
 * The names stand in the code as string literals only.
 */
function compiled(names: readonly string[]): MakeRecord | undefined {
  if (names.some((name) => name in Object.prototype)) return undefined
  const fields = names.map((name, field) => `this[${JSON.stringify(name)}]=values[${field}]`)
  try {
    const body = `function Log(values){${fields.join(';')}}
      Log.prototype = Object.prototype
      return (values) => new Log(values)`
    return new Function(body)() as MakeRecord
  } catch {
    return undefined
  }
}
