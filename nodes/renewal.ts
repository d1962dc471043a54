import { guard } from './guard'
import type { Node, NodeDefinition, NodeRed } from './node-red'

/** What runs behind a node. */
export interface Runtime {
  start(definition: NodeDefinition): void
  close(): Promise<void>
}

/**
 * Keeps a runtime behind a node, and starts another where its connection is replaced without the node. In a partial
 * deployment Node-RED restarts with a connection the nodes that name it by its id, but not those that name it by a
 * variable, such as the nodes of a subflow whose instances choose their connection.
 */
export class Renewal<R extends Runtime> {
  private runtime: R
  private ending: Promise<void> | undefined
  private stopWaiting = (): void => undefined
  private closed: boolean = false

  /** @param make gives a runtime that calls `lost` when its connection closes and the runtime does not. */
  constructor(
    private readonly RED: NodeRed,
    private readonly node: Node,
    private readonly definition: NodeDefinition,
    private readonly make: (lost: () => void) => R
  ) {
    this.runtime = this.begin()
  }

  get current(): R {
    return this.runtime
  }

  close(): Promise<void> {
    this.closed = true
    this.stopWaiting()
    return this.end()
  }

  private begin(): R {
    this.ending = undefined
    const runtime = this.make(() => this.lost())
    runtime.start(this.definition)
    return runtime
  }

  private end(): Promise<void> {
    this.ending ??= this.runtime.close()
    return this.ending
  }

  private lost(): void {
    if (this.closed) return
    const deployed = this.deployed()
    const renewed = this.end()
      .then(() => deployed)
      .then(() => {
        if (!this.closed) this.runtime = this.begin()
      })
    guard(renewed, this.node)
  }

  /** Resolves when all nodes of the deployment that is under way are made; never, where this one closes before. */
  private deployed(): Promise<void> {
    const { events } = this.RED
    return new Promise((resolve) => {
      events.once('flows:started', resolve)
      this.stopWaiting = () => events.off('flows:started', resolve)
    })
  }
}
