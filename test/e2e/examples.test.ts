import assert from 'node:assert/strict'
import { type ExampleFlow, readExamples } from './examples'

describe('The examples', () => {
  let examples: ExampleFlow[]

  before(async () => {
    examples = await readExamples()
  })

  const each = (check: (example: ExampleFlow) => void) => {
    assert.ok(examples.length > 0)
    for (const example of examples) check(example)
  }

  it('show every node of the package', () => {
    const types = new Set(examples.flatMap(({ flow }) => flow.map(({ type }) => type)))
    for (const type of ['sls-config', 'sls-in', 'sls-out']) assert.ok(types.has(type), type)
  })

  it('explain themselves: on the tab and in a comment', () => {
    each(({ name, flow }) => {
      assert.ok(
        flow.filter(({ type }) => type === 'tab').every(({ info }) => String(info).length > 40),
        name
      )
      assert.ok(
        flow.some(({ type }) => type === 'comment'),
        name
      )
    })
  })

  it('hold no secret', () => {
    each(({ name, flow }) => {
      for (const node of flow) assert.ok(!('credentials' in node), `${name}: ${node.id}`)
      assert.doesNotMatch(JSON.stringify(flow), /LTAI|accessKey(Id|Secret)/, name)
    })
  })

  it('have no node of the same id, no wire to nowhere and no node outside of its group', () => {
    const all = examples.flatMap(({ flow }) => flow.map(({ id }) => id))
    assert.equal(new Set(all).size, all.length)
    each(({ name, flow }) => {
      const ids = new Set(flow.map(({ id }) => id))
      const known = (id: unknown, what: string) => assert.ok(ids.has(String(id)), `${name}: ${what} ${id}`)
      for (const node of flow) {
        for (const wire of [node['wires']].flat(3)) if (wire !== undefined) known(wire, 'wire to')
        // In a connection to a broker the property of that name is a host.
        const broker = node.type === 'mqtt in' ? ['broker'] : []
        for (const place of ['z', 'g', 'config', 'server', ...broker]) {
          if (typeof node[place] === 'string' && node[place] !== '') known(node[place], place)
        }
        for (const list of ['scope', 'nodes']) {
          if (Array.isArray(node[list])) for (const id of node[list]) known(id, list)
        }
      }
    })
  })

  it('are laid out on the grid of the editor, inside of their groups', () => {
    each(({ name, flow }) => {
      for (const node of flow) {
        if (typeof node['x'] !== 'number' || node.type === 'group') continue
        const group = flow.find(({ id }) => id === node['g'])
        if (group === undefined) continue
        const [x, y] = [Number(node['x']), Number(node['y'])]
        const [left, top, width, height] = ['x', 'y', 'w', 'h'].map((side) => Number(group[side]))
        assert.ok(
          x > Number(left) &&
            x < Number(left) + Number(width) &&
            y > Number(top) &&
            y < Number(top) + Number(height),
          `${name}: ${node.id}`
        )
      }
    })
  })
})
