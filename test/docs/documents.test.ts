import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { connectionDefaults } from '../../nodes/connection-settings'
import { sinkDefaults } from '../../nodes/sink-settings'
import { sourceDefaults } from '../../nodes/source-defaults'

const documents = [
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  ...readdirSync('docs').map((file) => `docs/${file}`)
]

describe('The documents', () => {
  it('link to what exists', () => {
    for (const document of documents) {
      const text = readFileSync(document, 'utf8')
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (target === undefined || /^https?:/.test(target)) continue
        const [file = '', heading] = target.split('#')
        const linked = file === '' ? document : path.join(path.dirname(document), file)
        assert.ok(existsSync(linked), `${document}: ${target}`)
        if (heading !== undefined) assert.ok(headings(linked).has(heading), `${document}: ${target}`)
      }
    }
  })

  it('prove each guarantee by tests that exist', () => {
    const rows = [
      ...readFileSync('docs/guarantees.md', 'utf8').matchAll(/^\| `(\S+\.test\.ts)` \| ([^|\n]+) \|/gm)
    ]
    assert.ok(rows.length > 30)
    for (const [, file = '', title = ''] of rows) {
      assert.ok(readFileSync(`test/${file}`, 'utf8').includes(title), `${file}: ${title}`)
    }
  })

  it('begin with the two commands', () => {
    for (const readme of ['README.md', 'README.zh-CN.md']) {
      assert.match(readFileSync(readme, 'utf8'), /^# \S+\n\n```sh\nnpm start .*\nnpm test .*\n```\n/)
    }
  })
})

describe('The document of the options', () => {
  const sections = readFileSync('docs/options.md', 'utf8').split(/^## /m)

  for (const [type, defaults] of [
    ['sls-config', connectionDefaults],
    ['sls-in', sourceDefaults],
    ['sls-out', sinkDefaults]
  ] as const) {
    it(`names every property of ${type} with its default`, () => {
      const section = sections.find((text) => text.startsWith(type)) ?? ''
      const rows = section.split('\n').filter((line) => line.startsWith('| `') || line.startsWith('|'))
      for (const [property, value] of Object.entries(defaults)) {
        if (undocumented.has(property) || property.endsWith('Type')) continue
        const row = rows.find((line) => (line.split('|')[1] ?? '').includes(`\`${property}\``))
        assert.ok(row !== undefined, `${type}.${property} is not there`)
        const shown = (row.split('|')[2] ?? '').replaceAll('`', '').replaceAll('msg.', '')
        const place = [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].findIndex(
          ([, name]) => name === property
        )
        const own = shown.includes(' / ') ? shown.split(' / ')[place] : shown
        if (value !== '') assert.equal(own?.trim(), String(value), `${type}.${property}`)
      }
    })
  }
})

/** What the editor keeps for itself, and what it does not show. */
const undocumented = new Set(['name', 'inputs'])

/** The anchors that a Markdown viewer gives to the headings of a file. */
function headings(file: string): Set<string> {
  const titles = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title]) => title ?? '')
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-')
    )
  )
}
