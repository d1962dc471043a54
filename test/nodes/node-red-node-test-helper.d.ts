declare module 'node-red-node-test-helper' {
  import type { EventEmitter } from 'node:events'

  interface Status {
    fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey'
    shape?: 'ring' | 'dot'
    text?: string
    sls?: unknown
  }

  /** A method of all nodes, which the helper makes remember its calls. */
  export interface SharedSpy<Argument> {
    (argument: Argument, message?: object): void
    readonly args: readonly (readonly [Argument])[]
    readonly thisValues: readonly unknown[]
  }

  export interface TestNode extends EventEmitter {
    receive(message: object): void
    readonly error: SharedSpy<unknown>
    readonly warn: SharedSpy<unknown>
    readonly status: SharedSpy<Status>
  }

  interface TestHelper {
    /** The core nodes that it loads by itself. */
    readonly _nodeModules: Record<string, (red: object) => unknown>
    init(runtimePath: string): void
    settings(settings: Readonly<Record<string, unknown>>): unknown
    startServer(callback: () => void): void
    stopServer(): Promise<void>
    load(modules: readonly unknown[], flow: readonly object[], credentials?: object): Promise<void>
    unload(): Promise<void>
    readonly _events: EventEmitter
    /** Of the runtime. */
    readonly _redNodes: {
      setFlows(flow: readonly object[], credentials: object, type: 'full' | 'flows' | 'nodes'): Promise<void>
    }
    getNode(id: string): TestNode | null
    request(): {
      post(path: string): { send(body: object): Promise<{ status: number; body: unknown }> }
    }
  }

  const helper: TestHelper
  export default helper
}
