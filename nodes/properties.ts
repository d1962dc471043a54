import type { NodeDefinition } from './node-red'

export type PropertyProblem =
  | 'missing'
  | 'unresolved'
  | 'notNumber'
  | 'outOfRange'
  | 'tooSmall'
  | 'notChoice'
  | 'notTime'
  | 'notMember'
  | 'notName'
  | 'notPowerOfTwo'
  | 'invalid'

/** What is wrong with one property. */
export interface PropertyIssue {
  readonly property: string
  readonly problem: PropertyProblem
  /** Fills the text of the problem: the variable, the bounds, the choices. */
  readonly values: Readonly<Record<string, unknown>>
}

type Translate = (key: string, values?: Readonly<Record<string, unknown>>) => string

/** One line for people: the property by its name in the flow file, then what is wrong, in the server's language. */
export function describeIssue(issue: PropertyIssue, catalogue: string, translate: Translate): string {
  return `${issue.property}: ${translate(`${catalogue}.problem.${issue.problem}`, issue.values)}`
}

export type PropertyValue = string | number | boolean
export type PropertyDefaults = Readonly<Record<string, PropertyValue>>

/**
 * Reads a node's properties as editors, older flows and hand-written flows leave them: numbers as text, missing
 * properties, variables that were never set. What is wrong is collected in `issues`; the default stands in for it.
 */
export class PropertyReader<D extends PropertyDefaults> {
  readonly issues: PropertyIssue[] = []
  private readonly idle = new Set<string>()

  constructor(
    private readonly definition: Readonly<Record<string, unknown>> | NodeDefinition,
    private readonly defaults: D
  ) {}

  private raw(property: keyof D & string): unknown {
    const value = this.definition[property]
    return value === undefined || value === null ? this.defaults[property] : value
  }

  /** Objects and lists, as variables may hold them, in a form that no property takes for its own. */
  private asText(property: keyof D & string): string {
    const value = this.raw(property)
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }

  /** Another choice leaves these without a meaning, so that the dialog hides them: no issue is made of what they hold. */
  setIdle(...properties: readonly (keyof D & string)[]): void {
    for (const property of properties) this.idle.add(property)
  }

  report(property: string, problem: PropertyProblem, values: Readonly<Record<string, unknown>> = {}): void {
    const isKnown = this.issues.some((issue) => issue.property === property && issue.problem === problem)
    if (this.idle.has(property) || isKnown) return
    this.issues.push({ property, problem, values })
  }

  /** Text without the blanks around it. */
  text(property: keyof D & string): string {
    const text = this.asText(property).trim()
    const variable = unresolvedVariable(text)
    if (variable === undefined) return text
    this.report(property, 'unresolved', { variable })
    return ''
  }

  /** Text that may hold anything, such as a query or an expression. */
  verbatim(property: keyof D & string): string {
    const text = this.asText(property)
    if (!/^\s*\$\{[^}]+\}\s*$/.test(text)) return text
    this.report(property, 'unresolved', { variable: text.trim() })
    return ''
  }

  requiredText(property: keyof D & string): string {
    const issues = this.issues.length
    const text = this.text(property)
    if (text === '' && this.issues.length === issues) this.report(property, 'missing')
    return text
  }

  /** A truth value, or what an environment variable has for one; blank is false. */
  flag(property: keyof D & string): boolean {
    const value = this.raw(property)
    if (typeof value === 'boolean') return value
    const text = this.text(property)
    if (/^(?:true|1|on|yes)$/i.test(text)) return true
    if (!/^(?:|false|0|off|no)$/i.test(text)) this.report(property, 'notChoice', { choices: 'true, false' })
    return false
  }

  choice<const C extends string>(property: keyof D & string, choices: readonly C[]): C {
    const text = this.text(property)
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    if (text !== '') this.report(property, 'notChoice', { choices: choices.join(', ') })
    return (choices.find((choice) => String(this.defaults[property]) === choice) ?? choices[0]) as C
  }

  /** A whole number within the bounds, both included; blank means the default. */
  integer(property: keyof D & string, least: number, most = Number.MAX_SAFE_INTEGER): number {
    return this.optionalInteger(property, least, most) ?? Number(this.defaults[property])
  }

  /** As `integer`, undefined where the property and its default are blank. */
  optionalInteger(
    property: keyof D & string,
    least: number,
    most = Number.MAX_SAFE_INTEGER
  ): number | undefined {
    const text = this.text(property) || String(this.defaults[property])
    if (text === '') return undefined
    const value = Number(text)
    if (!Number.isInteger(value)) {
      this.report(property, 'notNumber')
      return undefined
    }
    if (value < least || value > most) {
      const isBounded = most !== Number.MAX_SAFE_INTEGER || value > most
      this.report(property, isBounded ? 'outOfRange' : 'tooSmall', { least, most })
      return undefined
    }
    return value
  }
}

/** The `${NAME}` that Node-RED left in a text because no such variable is set. */
export function unresolvedVariable(text: string): string | undefined {
  return /\$\{[^}]+\}/.exec(text)?.[0]
}
