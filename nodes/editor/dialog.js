// What the dialogs of the three nodes have in common.
globalThis.slsEditor ??= {}
;((editor) => {
  const { current, fieldOf, isVariable } = editor

  /** Shows the fields that have a meaning, and with `data-shown="PROPERTY VALUE ..."` what else depends on one. */
  function showRows(node) {
    const { defaults, credentials } = node._def
    const of = (name) => current(node, name, defaults)
    for (const [name, { shown }] of Object.entries({ ...defaults, ...credentials })) {
      if (shown !== undefined) fieldOf(node, name).closest('.form-row').toggle(shown(of))
    }
    $(`.${node.type}-form [data-shown]`).each(function () {
      const [name, ...values] = $(this).attr('data-shown').split(' ')
      $(this).toggle(values.includes(of(name)))
    })
  }

  /** Makes a dialog ready: fields of properties that a node lacks, truth values, rows that depend on others. */
  function prepare(node) {
    const form = $(`.${node.type}-form`).attr('data-sls-node', node.id)
    for (const [name, { value, type }] of Object.entries(node._def.defaults)) {
      const field = fieldOf(node, name)
      // A choice that a variable makes is one of those that are offered.
      if (type === undefined && field.is('select') && isVariable(node[name])) {
        field.append($('<option></option>').val(node[name]).text(node[name])).val(node[name])
      }
      // Flows written by hand, or for an earlier version, lack properties.
      if (node[name] === undefined && field.attr('type') === 'checkbox') field.prop('checked', value)
      else if (node[name] === undefined) field.val(value)
      if (typeof value === 'number' && !field.attr('placeholder')) field.attr('placeholder', value)
    }
    // A truth value that a variable gives is neither on nor off, and stays as long as nobody clicks it.
    form.find('input[type=checkbox]').each(function () {
      const value = node[this.id.replace(/^node-(?:config-)?input-/, '')]
      if (typeof value !== 'string') return
      this.checked = /^\s*(true|1|on|yes)\s*$/i.test(value)
      this.indeterminate = /\$\{/.test(value)
      if (this.indeterminate) this.title = value
    })
    form.on('change keyup', () => showRows(node))
    showRows(node)
  }

  /** Node-RED keeps the property that no field has. */
  function keepVariables(type) {
    $(`.${type}-form input:indeterminate`).removeAttr('id')
  }

  /** The tabs of a dialog; one that holds a field with something wrong bears a sign. */
  function createTabs(node, names) {
    const { type } = node
    const content = $(`#${type}-tabs-content`)
    const tabs = RED.tabs.create({
      id: `${type}-tabs`,
      onchange: (tab) => {
        content.children('div').hide()
        $(`#${tab.id}`).show()
      }
    })
    for (const name of names) tabs.addTab({ id: `${type}-tab-${name}`, label: node._(`${type}.tab.${name}`) })
    setTimeout(() => tabs.resize(), 0)

    const sign = $('<i class="fa fa-exclamation-triangle sls-wrong" role="img"></i>')
      .css({ color: 'var(--red-ui-text-color-error)', marginRight: '4px' })
      .attr({ title: node._(`${type}.tab.wrong`), 'aria-label': node._(`${type}.tab.wrong`) })
    const mark = () => {
      for (const name of names) {
        const label = $(`#${type}-tabs a[href="#${type}-tab-${name}"]`)
        const isWrong = $(`#${type}-tab-${name} .input-error`).length > 0
        if (isWrong === label.children('.sls-wrong').length > 0) continue
        if (isWrong) label.prepend(sign.clone())
        else label.children('.sls-wrong').remove()
      }
    }
    new MutationObserver(mark).observe(content[0], { subtree: true, attributeFilter: ['class'] })
    mark()
    return tabs
  }

  /** The names of a connection's logstores, asked for once a connection and dialog; none where it does not work. */
  function logstoreNames() {
    const lists = {}
    return (id) => {
      const connection = RED.nodes.node(id)
      if (!connection) return Promise.resolve([])
      const form = { id, values: {}, credentials: connection.credentials || {} }
      for (const name of Object.keys(connection._def.defaults)) form.values[name] = connection[name]
      lists[id] ??= post(form).then(
        (answer) => answer.logstores ?? [],
        () => []
      )
      return lists[id]
    }
  }

  /** Tries a connection, deployed or not. */
  function post(form) {
    const data = JSON.stringify(form)
    return $.ajax({ url: 'sls/connection', type: 'POST', contentType: 'application/json', data })
  }

  Object.assign(editor, { prepare, keepVariables, createTabs, logstoreNames, post })
})(globalThis.slsEditor)
