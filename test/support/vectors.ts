import { readFileSync } from 'node:fs'
import * as path from 'node:path'

/** The cases of a file of test/fixtures/vectors. */
export function vectorCases<T>(name: string): T[] {
  const file = JSON.parse(readFileSync(path.resolve('test/fixtures/vectors', `${name}.json`), 'utf8')) as {
    cases: T[]
  }
  return file.cases
}
