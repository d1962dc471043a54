import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { runs } from '../support/counts'
import { type EditorDefinition, editorDefinition, type NodeType, nodeTypes } from './editor-definitions'
import { casesOf, refusedProperties } from './verdicts'

/** The editor marks a property as wrong. */
function isMarked(
  definition: EditorDefinition | undefined,
  node: Readonly<Record<string, unknown>>,
  property: string
): boolean {
  const { validate } = definition?.defaults[property] ?? definition?.credentials?.[property] ?? {}
  return validate !== undefined && validate.call(node, node[property]) !== true
}

describe('The editor and the runtime refuse the same properties of', () => {
  const definitions = new Map(nodeTypes.map((type) => [type, editorDefinition(type)]))

  for (const type of nodeTypes) {
    it(`${type}, whatever they hold and whatever else is chosen`, () => {
      const differences = casesOf(type).flatMap((each) => {
        const editor = isMarked(definitions.get(type), each.properties, each.property)
        const runtime = refusedProperties(type, each.properties).has(each.property)
        return editor === runtime
          ? []
          : [
              `${editor ? 'editor' : 'runtime'} alone refuses ${each.property} of ${inspect(each.differences, { breakLength: 200 })}`
            ]
      })
      assert.equal(differences.length, 0, differences.slice(0, 40).join('\n'))
    })
  }

  function agree(type: NodeType, node: Readonly<Record<string, unknown>>, property: string): void {
    const editor = isMarked(definitions.get(type), node, property)
    assert.equal(editor, refusedProperties(type, node).has(property), inspect(node))
  }

  const pieces = (...parts: string[]) =>
    fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((chosen) => chosen.join(''))

  it('sls-in, for texts that are nearly times', () => {
    const numbers = fc.nat({ max: 4_300_000 }).map(String)
    const text = fc.oneof(
      pieces('2024', '1970', '-', '0', '02', '29', '31', 'T', ' ', ':', '.5', 'Z', '+08', '00', '17145'),
      fc.tuple(
        fc.constantFrom('', '-', '-P', '-PT'),
        numbers,
        pieces(' ', 's', 'min', 'H', 'd', ' ago', 'T1M')
      ),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
    )
    fc.assert(
      fc.property(text, (stopTime) =>
        agree(
          'sls-in',
          { logstores: 'a', stopTime: Array.isArray(stopTime) ? stopTime.join('') : stopTime },
          'stopTime'
        )
      ),
      { numRuns: runs(500, 20_000) }
    )
  })

  it('sls-config, for texts that are nearly endpoints', () => {
    const text = pieces(
      'http',
      's',
      ':',
      '//',
      '/',
      'host',
      '.',
      '-',
      '_',
      '[::1]',
      '@',
      '65536',
      '9',
      '?',
      '#',
      'é',
      'X'
    )
    fc.assert(
      fc.property(text, (endpoint) =>
        agree(
          'sls-config',
          { endpoint, project: 'p', accessKeyId: 'id', accessKeySecret: 'secret' },
          'endpoint'
        )
      ),
      { numRuns: runs(500, 20_000) }
    )
  })

  it('every type, but none that another choice hides', () => {
    for (const type of nodeTypes) {
      const { defaults = {}, credentials } = definitions.get(type) ?? {}
      const hidden = casesOf(type).filter(({ properties, property }) => {
        const { shown } = defaults[property] ?? credentials?.[property] ?? {}
        return shown?.((name) => String(properties[name])) === false
      })
      assert.ok(hidden.length > 100)
      for (const { properties, property, differences } of hidden) {
        assert.ok(
          !refusedProperties(type, properties).has(property),
          `${property} of ${inspect(differences)}`
        )
      }
    }
  })

  it('every type, where a variable gives them', () => {
    for (const type of nodeTypes) {
      const { defaults, credentials } = editorDefinition(type)
      for (const [name, { validate }] of Object.entries({ ...defaults, ...credentials })) {
        for (const variable of [['$', '{a.b}'].join(''), '$(NAME)']) {
          if (validate !== undefined) assert.equal(validate.call({ [name]: variable }, variable), true, name)
        }
      }
    }
  })
})
