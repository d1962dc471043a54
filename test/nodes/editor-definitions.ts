import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import vm from 'node:vm'

export const nodeTypes = ['sls-config', 'sls-in', 'sls-out'] as const
export type NodeType = (typeof nodeTypes)[number]

export interface EditorProperty {
  value: unknown
  type?: string
  required?: boolean
  validate?: (this: object, value: unknown, opt?: object) => boolean | string
}

export interface EditorDefinition {
  category: string
  defaults: Record<string, EditorProperty>
  credentials?: Record<string, { type: string }>
  inputs?: number
  outputs?: number
  icon?: string
  label: (this: object) => string
}

export function editorFile(type: NodeType): string {
  return readFileSync(path.resolve('nodes', `${type}.html`), 'utf8')
}

/** What the editor file of a type registers. */
export function editorDefinition(type: NodeType): EditorDefinition {
  const script = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(editorFile(type))?.[1]
  assert.ok(script)
  const registered = new Map<string, EditorDefinition>()
  const RED = {
    nodes: { registerType: (name: string, definition: EditorDefinition) => registered.set(name, definition) },
    validators: { typedInput: () => () => true }
  }
  vm.runInNewContext(script, { RED, jsonata: editorJsonata(), $: () => ({ length: 0 }) })
  const definition = registered.get(type)
  assert.ok(definition, `${type}.html registers no ${type}`)
  return definition
}

/** As the editor has it for all nodes. */
function editorJsonata(): unknown {
  const util = createRequire(require.resolve('node-red')).resolve('@node-red/util')
  return createRequire(util)('./lib/jsonata')
}
