import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { editorDefinition, editorFile, type NodeType, nodeTypes } from './editor-definitions'
import { casesOf } from './verdicts'

const languages = ['en-US', 'zh-CN'] as const

function leaves(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value === 'string') return new Map([[prefix, value]])
  return new Map(
    Object.entries(value as object).flatMap(([key, below]) => [
      ...leaves(below, prefix === '' ? key : `${prefix}.${key}`)
    ])
  )
}

function catalogue(language: string, type: string): Map<string, string> {
  return leaves(JSON.parse(readFileSync(path.resolve('locales', language, `${type}.json`), 'utf8')))
}

function help(language: string, type: string): string {
  return readFileSync(path.resolve('locales', language, `${type}.html`), 'utf8')
}

function sources(): string {
  const files = readdirSync(path.resolve('nodes')).filter((file) => /\.(ts|html)$/.test(file))
  return files.map((file) => readFileSync(path.resolve('nodes', file), 'utf8')).join('\n')
}

/** The keys of all that the validators of a type say. */
function complaintsOf(type: NodeType): Set<string> {
  const { defaults, credentials } = editorDefinition(type)
  const keys = new Set<string>()
  const _ = (key: string) => {
    keys.add(key)
    return key
  }
  for (const { properties, property } of casesOf(type)) {
    const { validate } = defaults[property] ?? credentials?.[property] ?? {}
    validate?.call({ ...properties, _ }, properties[property], {})
  }
  return keys
}

describe('The catalogues', () => {
  for (const type of nodeTypes) {
    const english = catalogue('en-US', type)
    const chinese = catalogue('zh-CN', type)

    it(`of ${type} have the same keys and the same figures in every language`, () => {
      assert.deepEqual([...chinese.keys()].sort(byText), [...english.keys()].sort(byText))
      const figures = (text: string) =>
        [...text.matchAll(/__(\w+)__/g)].map(([, name = '']) => name).sort(byText)
      for (const [key, text] of english) assert.deepEqual(figures(chinese.get(key) ?? ''), figures(text), key)
    })

    it(`of ${type} hold every key that is used, and no other`, () => {
      const used = [...sources().matchAll(new RegExp(`${type}\\.[\\w.-]+`, 'g'))].map(([key]) => key)
      const files = new Set([`${type}.html`, `${type}.json`, `${type}.write`])
      const exact = used.filter((key) => !key.endsWith('.') && !files.has(key))
      const isBranch = (key: string) => [...english.keys()].some((leaf) => leaf.startsWith(`${key}.`))
      for (const key of exact) assert.ok(english.has(key) || isBranch(key), `${key} is used and missing`)
      // Some are put together from a branch and a name.
      const branches = [...used.filter((key) => key.endsWith('.')), `${type}.problem.`]
      const tabs = [...editorFile(type).matchAll(new RegExp(`id="${type}-tab-(\\w+)"`, 'g'))]
      const complaints = complaintsOf(type)
      for (const key of complaints) assert.ok(english.has(key), `${key} is used and missing`)
      for (const key of english.keys()) {
        const isUsed =
          exact.includes(key) ||
          complaints.has(key) ||
          tabs.some(([, name]) => key === `${type}.tab.${name}`) ||
          key === `${type}.tab.wrong` ||
          branches.some((branch) => key.startsWith(branch))
        assert.ok(isUsed, `${key} is not used`)
      }
    })

    it(`of ${type} are Chinese where they are said to be`, () => {
      const same = [...chinese].filter(([key, text]) => english.get(key) === text).map(([, text]) => text)
      const terms = /^(AccessKey|AccessKey ID|TLS|V1|V4|Base64|LZ4|\* \| where .*)$/
      assert.deepEqual(
        same.filter((text) => !terms.test(text)),
        []
      )
    })

    for (const language of languages) {
      it(`and help of ${type} in ${language} tell of every property with a field`, () => {
        const text = help(language, type)
        assert.match(text, new RegExp(`<script type="text/html" data-help-name="${type}">\\s*<p>`))
        assert.match(text, /<h3>.+<\/h3>[\s\S]*<h3>.+<\/h3>/)
        assert.equal(text.match(/<dl/g)?.length, text.match(/<\/dl>/g)?.length)
        const labels = catalogue(language, type)
        const { defaults } = editorDefinition(type)
        for (const property of Object.keys(defaults)) {
          const label = labels.get(`${type}.label.${property}`)
          if (label === undefined || property === 'config') continue
          assert.ok(text.includes(escaped(label)), `${property} (${label}) is not explained`)
        }
      })
    }
  }
})

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}
