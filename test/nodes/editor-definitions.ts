import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import vm from 'node:vm'
import type { NodeRedUtil } from '../../nodes/node-red'

export const nodeTypes = ['sls-config', 'sls-in', 'sls-out'] as const
export type NodeType = (typeof nodeTypes)[number]

export interface EditorProperty {
  value: unknown
  type?: string
  required?: boolean
  validate?: (this: object, value: unknown, opt?: object) => boolean | string
  /** False where the dialog hides it, by the texts of the others. */
  shown?: (of: (name: string) => string) => boolean
}

export interface EditorCredential {
  type: string
  shown?: EditorProperty['shown']
  validate?: EditorProperty['validate']
}

export interface EditorDefinition {
  category: string
  defaults: Record<string, EditorProperty>
  credentials?: Record<string, EditorCredential>
  inputs?: number
  outputs?: number
  icon?: string
  label: (this: object) => string
}

/** Node-RED's own, as nodes see it. */
export const nodeRedUtil = (
  createRequire(require.resolve('node-red'))('@node-red/util') as { util: NodeRedUtil }
).util

export function editorFile(type: NodeType): string {
  return readFileSync(path.resolve('nodes', `${type}.html`), 'utf8')
}

/** What the editor file of a type registers. */
export function editorDefinition(type: NodeType): EditorDefinition {
  const html = editorFile(type)
  const script = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html)?.[1]
  assert.ok(script)
  const shared = [...html.matchAll(/<script src="(.+)">/g)].map(([, file = '']) => file)
  const registered = new Map<string, EditorDefinition>()
  const RED = {
    nodes: { registerType: (name: string, definition: EditorDefinition) => registered.set(name, definition) },
    utils: { validateTypedProperty }
  }
  const page = vm.createContext({ RED, jsonata: editorJsonata(), $: () => ({ length: 0 }), URL })
  for (const file of shared) vm.runInContext(readFileSync(path.resolve('nodes', file), 'utf8'), page)
  vm.runInContext(script, page)
  const definition = registered.get(type)
  assert.ok(definition, `${type}.html registers no ${type}`)
  return definition
}

/** As the editor does it. */
function validateTypedProperty(value: string, kind: string): boolean | string {
  try {
    if (kind === 'json') JSON.parse(value)
    if (kind === 'jsonata') editorJsonata()(value)
    if (['msg', 'flow', 'global'].includes(kind)) nodeRedUtil.normalisePropertyExpression(value)
    return true
  } catch (error) {
    return String(error)
  }
}

/** As the editor has it for all nodes. */
function editorJsonata(): (expression: string) => unknown {
  const util = createRequire(require.resolve('node-red')).resolve('@node-red/util')
  return createRequire(util)('./lib/jsonata') as (expression: string) => unknown
}
