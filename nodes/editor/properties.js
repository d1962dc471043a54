// What values of properties the runtime takes, so that the editor marks the others.
globalThis.slsEditor ??= {}
;((editor) => {
  /** The longest time that a timer of the runtime keeps, ms; the most retries it counts. */
  const longest = 2147483647

  const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))

  /** A value that Node-RED replaces by an environment variable as a whole; what that holds only the runtime knows. */
  const isVariable = (value) => typeof value === 'string' && /^\$(?:\{[^\s{}]+\}|\([^\s()]+\))$/.test(value)

  const fieldOf = (node, name) => $(`#node-${node._def?.category === 'config' ? 'config-' : ''}input-${name}`)

  /** A property as the node's open dialog has it, else as the node has it, else its default. */
  function current(node, name, properties) {
    const field = fieldOf(node, name)
    let value = node[name]
    if (field.length > 0 && field.closest('[data-sls-node]').attr('data-sls-node') === node.id) {
      if (field.attr('type') !== 'checkbox') value = field.val() ?? value
      else if (!field.prop('indeterminate')) value = field.prop('checked')
    }
    const text = value === undefined || value === null ? '' : textOf(value)
    // What Node-RED would replace only without the blanks round it is no variable.
    if (isVariable(text.trim())) return text
    return text.trim() || String(properties[name]?.value ?? '')
  }

  /**
   * Properties as Node-RED wants them. `check` is given the text of a property and a function that gives those of the
   * others, and returns what is wrong: a key below `validate` in the catalogue, and values. `shown` tells from the
   * others whether the property has a meaning; one without is neither shown nor checked. A `verbatim` property may
   * hold a variable among other text. `all` are the properties whose texts `check` and `shown` may ask for.
   */
  function properties(type, definitions, all = definitions) {
    for (const [name, definition] of Object.entries(definitions)) {
      const { check, shown, verbatim, value: standard = '' } = definition
      if (check === undefined) continue
      const variable = verbatim ? /^\s*\$\{[^}]+\}\s*$/ : /\$\{[^}]+\}/
      definition.validate = function (value, opt) {
        const of = (other) => current(this, other, all)
        if (isVariable(value) || shown?.(of) === false) return true
        const given = value === undefined || value === null ? String(standard) : textOf(value)
        const text = verbatim ? given : given.trim() || String(standard)
        const wrong = variable.test(text) ? ['variable'] : check(text, of)
        if (wrong === undefined) return true
        if (!opt || !this._) return false
        const [key, values] = wrong
        const told = typeof wrong === 'string' ? wrong : this._(`${type}.validate.${key}`, values)
        return `${this._(`${type}.label.${name}`)}: ${told}`
      }
    }
    return definitions
  }

  /** A whole number within the bounds. */
  const whole =
    (least, most = Number.MAX_SAFE_INTEGER) =>
    (text) => {
      const number = Number(text)
      if (text === '' || (Number.isInteger(number) && number >= least && number <= most)) return undefined
      return most === Number.MAX_SAFE_INTEGER ? ['whole', { least }] : ['between', { least, most }]
    }

  const choice =
    (...choices) =>
    (text) =>
      text === '' || choices.includes(text) ? undefined : ['choice', { choices: choices.join(', ') }]

  const flag = (text) =>
    /^(?:|true|1|on|yes|false|0|off|no)$/i.test(text) ? undefined : ['choice', { choices: 'true, false' }]

  const anything = () => undefined

  /** A text that matches; what is wrong with another is told by the key. */
  const matching = (pattern, key) => (text) => (pattern.test(text) ? undefined : [key])

  /** True where another property is one of these. */
  const when =
    (name, ...values) =>
    (of) =>
      values.includes(of(name))

  const kinds = ['str', 'num', 'bool', 'json', 'msg', 'jsonata', 'flow', 'global', 'env', 'date']

  /** The value of a typed input, of the kind that the property `kindName` holds. */
  const typed = (kindName) => (text, of) => {
    const kind = of(kindName)
    if (isVariable(kind)) return undefined
    if (!kinds.includes(kind)) return ['choice', { choices: kinds.join(', ') }]
    if (kind === 'msg' && text === '') return undefined
    if (kind === 'num') return text.trim() === '' || Number.isNaN(Number(text)) ? ['number'] : undefined
    const wrong = RED.utils.validateTypedProperty(text, kind, {})
    return wrong === true ? undefined : wrong
  }

  /** What a property may be besides blank. */
  const optional = (check) => (text, of) => (text.trim() === '' ? undefined : check(text, of))

  Object.assign(editor, {
    longest,
    isVariable,
    fieldOf,
    current,
    properties,
    whole,
    choice,
    flag,
    anything,
    matching,
    when,
    typed,
    optional
  })
})(globalThis.slsEditor)
