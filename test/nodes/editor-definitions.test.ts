import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { connectionCredentials } from '../../nodes/connection-settings'
import { editorDefinition, editorFile, nodeTypes } from './editor-definitions'
import { runtimeDefaults } from './verdicts'

describe('The editor of', () => {
  for (const type of nodeTypes) {
    describe(type, () => {
      const definition = editorDefinition(type)
      const html = editorFile(type)
      const prefix = type === 'sls-config' ? 'node-config-input-' : 'node-input-'

      it('has the same properties and defaults as the runtime', () => {
        const defaults = Object.fromEntries(
          Object.entries(definition.defaults).map(([property, { value }]) => [property, value])
        )
        assert.deepEqual(defaults, runtimeDefaults[type])
      })

      it('has a field with a label for every property', () => {
        const fields = [...Object.keys(definition.defaults), ...Object.keys(definition.credentials ?? {})]
        for (const property of fields) {
          const field = new RegExp(`<(input|select)[^>]* id="${prefix}${property}"[^>]*>`).exec(html)?.[0]
          assert.ok(field, `there is no field for ${property}`)
          const labelled =
            html.includes(`<label for="${prefix}${property}"`) || html.includes(`for="${prefix}${property}"`)
          assert.ok(
            labelled || /type="hidden"|aria-label/.test(field),
            `the field of ${property} has no label`
          )
        }
      })

      it('has no field that would not take a variable', () => {
        assert.doesNotMatch(html, /type="number"/)
      })

      it('gives every label a field', () => {
        for (const [, id] of html.matchAll(/<label[^>]* for="([^"]+)"/g)) {
          assert.ok(html.includes(`id="${id}"`), `there is no ${id}`)
        }
      })

      it('finds its own defaults valid, but for what only the user knows', () => {
        const unknown = { 'sls-config': ['endpoint', 'project'], 'sls-in': ['logstores'], 'sls-out': [] }[
          type
        ]
        const node = Object.fromEntries(
          Object.entries(definition.defaults).map(([property, { value }]) => [property, value])
        )
        const invalid = Object.entries(definition.defaults)
          .filter(
            ([, { validate, value }]) => validate !== undefined && validate.call(node, value, {}) !== true
          )
          .map(([property]) => property)
        assert.deepEqual(invalid, unknown)
      })

      it('hard-codes no colour', () => {
        const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>|style="([^"]*)"/g)]
          .map(([style]) => style)
          .join()
        assert.doesNotMatch(
          styles,
          /#[0-9a-f]{3,8}\b(?![^{]*\{)|rgba?\(|:\s*(?:black|white|gr[ae]y|red|green)\b/i
        )
      })
    })
  }

  it('sls-config knows the same credentials as the runtime', () => {
    const { credentials = {} } = editorDefinition('sls-config')
    const types = Object.entries(credentials).map(([name, { type }]) => [name, { type }])
    assert.deepEqual(Object.fromEntries(types), connectionCredentials)
  })

  it('the others show an icon that exists, white on nothing, 40 by 60', () => {
    for (const type of ['sls-in', 'sls-out'] as const) {
      const svg = readFileSync(path.resolve('icons', editorDefinition(type).icon ?? ''), 'utf8')
      assert.match(svg, /width="40" height="60"/)
      for (const [, colour] of svg.matchAll(/(?:fill|stroke)="(#[0-9a-f]+)"/gi)) assert.equal(colour, '#fff')
    }
  })
})

describe('Validators in the editor', () => {
  const complaints = (
    type: (typeof nodeTypes)[number],
    property: string,
    value: unknown,
    node: object = {}
  ) => {
    const { defaults } = editorDefinition(type)
    const told = { _: (key: string) => key, ...node }
    const complaint = defaults[property]?.validate?.call(told, value, {})
    const label = `${type}.label.${property}: `
    if (typeof complaint !== 'string') return complaint
    assert.ok(complaint.startsWith(label), complaint)
    return complaint.slice(label.length)
  }

  it('say what is expected of a connection', () => {
    assert.equal(complaints('sls-config', 'endpoint', 'cn-hangzhou.log.aliyuncs.com'), true)
    assert.equal(complaints('sls-config', 'endpoint', 'http://127.0.0.1:9000'), true)
    assert.equal(complaints('sls-config', 'endpoint', 'http://[::1]:9000'), true)
    assert.equal(complaints('sls-config', 'endpoint', 'https://host/path'), 'sls-config.validate.endpoint')
    assert.equal(complaints('sls-config', 'project', 'my project'), 'sls-config.validate.project')
    assert.equal(complaints('sls-config', 'maxRetries', '-2'), 'sls-config.validate.between')
    assert.equal(complaints('sls-config', 'connectTimeout', ''), true)
    assert.equal(complaints('sls-config', 'connectTimeout', '0'), 'sls-config.validate.between')
  })

  it('say what is expected of a reader', () => {
    assert.equal(complaints('sls-in', 'logstores', 'a, b_2'), true)
    assert.equal(complaints('sls-in', 'logstores', '/app-.*/i'), true)
    assert.equal(complaints('sls-in', 'logstores', '/(/'), 'sls-in.validate.expression')
    assert.equal(complaints('sls-in', 'logstores', 'a b'), 'sls-in.validate.logstores')
    assert.equal(complaints('sls-in', 'consumerGroup', '', { position: 'begin' }), true)
    assert.equal(
      complaints('sls-in', 'consumerGroup', '', { position: 'checkpoint' }),
      'sls-in.validate.consumerGroup'
    )
    assert.equal(
      complaints('sls-in', 'positionTime', 'soon', { position: 'timestamp' }),
      'sls-in.validate.time'
    )
    assert.equal(complaints('sls-in', 'positionTime', '1714521600', { position: 'timestamp' }), true)
    assert.equal(complaints('sls-in', 'taskIndex', '2', { taskCount: '2' }), 'sls-in.validate.taskIndex')
    assert.equal(complaints('sls-in', 'taskIndex', 'gateway-1', { taskCount: '2' }), true)
    assert.equal(complaints('sls-in', 'maxLogGroups', '1001'), 'sls-in.validate.between')
    const group = { assignment: 'group', heartbeatInterval: 5000 }
    assert.equal(complaints('sls-in', 'consumerGroup', '', group), 'sls-in.validate.groupNeeded')
    assert.equal(complaints('sls-in', 'checkpointMode', 'disabled', group), 'sls-in.validate.groupCommits')
    assert.equal(complaints('sls-in', 'checkpointMode', 'disabled', { assignment: 'modulo' }), true)
    assert.equal(complaints('sls-in', 'consumer', 'one two', group), 'sls-in.validate.consumer')
    assert.equal(complaints('sls-in', 'consumer', 'gateway-1.local', group), true)
    assert.equal(complaints('sls-in', 'groupTimeout', '9', group), 'sls-in.validate.between')
    assert.equal(complaints('sls-in', 'groupTimeout', '10', group), true)
    const custom = { assignment: 'custom' }
    for (const wrong of ['', 'shard +']) {
      const told = complaints('sls-in', 'assignmentExpression', wrong, custom)
      assert.equal(told, 'sls-in.validate.assignmentExpression')
    }
    assert.equal(complaints('sls-in', 'assignmentExpression', 'shard + 1', custom), true)
  })

  it('say what is expected of a writer', () => {
    assert.equal(complaints('sls-out', 'buckets', '48', { hashKey: 'md5' }), 'sls-out.validate.buckets')
    assert.equal(complaints('sls-out', 'hashKeyValue', '', { hashKey: 'none' }), true)
    assert.equal(
      complaints('sls-out', 'hashKeyValue', '', { hashKey: 'md5' }),
      'sls-out.validate.hashKeyValue'
    )
    assert.equal(complaints('sls-out', 'concurrency', ''), true)
    assert.equal(complaints('sls-out', 'concurrency', '0'), 'sls-out.validate.between')
  })
})
