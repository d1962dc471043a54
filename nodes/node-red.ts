/** What this package uses of Node-RED's runtime, and nothing else. */

export interface NodeMessage {
  _msgid?: string
  topic?: unknown
  payload?: unknown
  sls?: unknown
  error?: unknown
  [property: string]: unknown
}

export interface NodeStatus {
  fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey'
  shape?: 'ring' | 'dot'
  /** A text that starts with a letter is looked up in the node's catalogue by each editor. */
  text?: string
  /** Further fields reach Status nodes only. */
  sls?: unknown
}

export type Done = (error?: unknown) => void
export type Send = (message: NodeMessage) => void

/** A node's settings as the flow file has them, environment variables replaced; old flows lack newer properties. */
export interface NodeDefinition {
  readonly id: string
  readonly type: string
  readonly name?: unknown
  readonly [property: string]: unknown
}

export interface Node {
  readonly id: string
  readonly type: string
  readonly name?: string
  readonly credentials?: Readonly<Record<string, unknown>>
  status(status: NodeStatus): void
  /** To the first output, or with an array to each. */
  send(message: NodeMessage | readonly (NodeMessage | null)[]): void
  /** With an object as message, Catch nodes hear of it. */
  error(error: unknown, message?: object): void
  warn(text: string): void
  log(text: string): void
  debug(text: string): void
  on(event: 'input', listener: (message: NodeMessage, send: Send, done: Done) => void): void
  /** Awaited only because the listener declares both parameters. */
  on(event: 'close', listener: (removed: boolean, done: () => void) => void): void
}

/** A compiled JSONata expression. */
export interface JsonataExpression {
  readonly __jsonata?: never
}

export type ValueCallback = (error: unknown, value?: unknown) => void

export interface NodeRedUtil {
  evaluateNodeProperty(value: string, type: string, node: Node | undefined, message: NodeMessage): unknown
  evaluateNodeProperty(
    value: string,
    type: string,
    node: Node,
    message: NodeMessage,
    callback: ValueCallback
  ): void
  getMessageProperty(message: NodeMessage, expression: string): unknown
  normalisePropertyExpression(expression: string): readonly (string | number)[]
  prepareJSONataExpression(expression: string, node: Node): JsonataExpression
  evaluateJSONataExpression(
    expression: JsonataExpression,
    message: NodeMessage,
    callback: ValueCallback
  ): void
}

/** The part of an Express request that the admin endpoints read. */
export interface AdminRequest {
  readonly body?: unknown
}

export interface AdminResponse {
  status(code: number): AdminResponse
  json(body: unknown): void
}

export type AdminHandler = (request: AdminRequest, response: AdminResponse) => void
/** Express middleware; opaque here. */
export type AdminGuard = (request: never, response: never, next: never) => void

export interface NodeRedSettings {
  /** Undefined where Node-RED is embedded without a folder of its own. */
  readonly userDir?: string | undefined
  /** Milliseconds a node may take to close; 15000 where not set. */
  readonly nodeCloseTimeout?: number | undefined
  /** Variables of the process that flows may not read. */
  readonly envVarExcludes?: readonly string[] | undefined
}

export type NodeConstructor<T extends Node> = (this: T, definition: NodeDefinition) => void

export interface NodeRed {
  readonly nodes: {
    createNode(node: Node, definition: NodeDefinition): void
    registerType<T extends Node>(
      type: string,
      nodeConstructor: NodeConstructor<T>,
      options?: { credentials?: Readonly<Record<string, { type: 'text' | 'password' }>> }
    ): void
    /** Nothing for a node that is not set, deleted, disabled or of a type that is missing. */
    getNode(id: string): Node | null | undefined
  }
  readonly settings: NodeRedSettings
  readonly util: NodeRedUtil
  readonly httpAdmin: { post(path: string, guard: AdminGuard, handler: AdminHandler): void }
  readonly events: {
    once(event: 'flows:started', listener: () => void): unknown
    off(event: 'flows:started', listener: () => void): unknown
  }
  readonly auth: { needsPermission(permission: string): AdminGuard }
  /** Looks the key up in the catalogue of the calling node's set, in the server's language. */
  _(key: string, values?: Readonly<Record<string, unknown>>): string
}
