import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const rooms = ['engine', 'nodes', 'emulator'] as const

/** What each part may need of the others; itself always. */
const arrows: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^engine\/client\//, /^$/],
  [/^engine\/state\//, /^engine\/client\//],
  [/^engine\/(?:source|sink)\//, /^engine\/(?:client|state)\//],
  [/^engine\/index$/, /^engine\//],
  [/^nodes\//, /^engine\//],
  [/^emulator\//, /^engine\/client\/(?:codec|compression)\//]
]

function modules(): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const room of rooms) {
    for (const name of readdirSync(room, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const module = join(room, name.slice(0, -'.ts'.length))
      const text = readFileSync(`${module}.ts`, 'utf8')
      const needed = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*'(\.[^']*)'/g)]
      found.set(
        module,
        needed.map(([, path = '']) => normalize(join(dirname(module), path)))
      )
    }
  }
  return found
}

const partOf = (module: string) => /^engine\/[^/]+\/|^[^/]+\//.exec(module)?.[0] ?? module

describe('The house', () => {
  const needs = modules()

  it('has arrows that only go down', () => {
    const wrong: string[] = []
    for (const [module, needed] of needs) {
      const allowed = arrows.find(([from]) => from.test(module))?.[1]
      assert.ok(allowed, `${module} has no place in the house`)
      for (const other of needed) {
        assert.ok(needs.has(other), `${module} needs ${other}, which is not found`)
        if (partOf(other) !== partOf(module) && !allowed.test(other)) wrong.push(`${module} -> ${other}`)
      }
    }
    assert.deepEqual(wrong, [])
  })

  it('has no circles, not even of types', () => {
    const done = new Set<string>()
    const visit = (module: string, way: readonly string[]): void => {
      assert.ok(!way.includes(module), [...way.slice(way.indexOf(module)), module].join(' -> '))
      if (done.has(module)) return
      for (const other of needs.get(module) ?? []) visit(other, [...way, module])
      done.add(module)
    }
    for (const module of needs.keys()) visit(module, [])
  })
})
