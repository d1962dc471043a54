import { readdir, readFile } from 'node:fs/promises'
import type { FlowNode } from './node-red-process'

export interface ExampleFlow {
  /** As the import dialog of the editor shows it. */
  name: string
  flow: FlowNode[]
}

export async function readExamples(): Promise<ExampleFlow[]> {
  const files = (await readdir('examples')).filter((file) => file.endsWith('.json')).sort()
  return await Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.json'.length),
      flow: JSON.parse(await readFile(`examples/${file}`, 'utf8')) as FlowNode[]
    }))
  )
}
