import { readFileSync } from 'node:fs'

/** Node-RED's translation with a real catalogue. */
export function translator(type: 'sls-in' | 'sls-out', language: string) {
  const catalogue: unknown = JSON.parse(readFileSync(`locales/${language}/${type}.json`, 'utf8'))
  return {
    _: (key: string, values: Readonly<Record<string, unknown>> = {}) =>
      key
        .split('.')
        .reduce((branch, name) => (branch as Record<string, unknown>)[name], catalogue)
        ?.toString()
        .replace(/__(\w+)__/g, (_, name) => String(values[name])) ?? key
  }
}
