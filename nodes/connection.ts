import type { SlsClient } from '../engine/client/client'
import { SlsError } from '../engine/client/errors'
import type { Node, NodeRed } from './node-red'

/** One connection, shared by all nodes that name it. */
export interface SlsConfigNode extends Node {
  /** The nodes that use it, by id: the runtime hands status and errors of a global config node to their tabs. */
  readonly users: Record<string, Node>
  /**
   * The client that all users share; made for the first, closed after the last has released it.
   * @param lost called when the connection closes and the user still has it; once the user does, that means nothing
   * @throws SlsError `InvalidOption` naming the property that is missing or wrong.
   */
  client(user: Node, lost: () => void): SlsClient
  release(user: Node): void
}

/** The sls-config node of this id; undefined where there is none, or it is disabled. */
export function findConnection(RED: NodeRed, id: unknown): SlsConfigNode | undefined {
  const node = typeof id === 'string' && id !== '' ? RED.nodes.getNode(id) : undefined
  return node?.type === 'sls-config' ? (node as SlsConfigNode) : undefined
}

/**
 * The client of the node's connection.
 * @param lost called when the connection closes without the node.
 * @throws SlsError `InvalidOption`: what is wrong with the connection, by its name.
 */
export function connect(connection: SlsConfigNode, user: Node, lost: () => void): SlsClient {
  try {
    return connection.client(user, lost)
  } catch (error) {
    if (!(error instanceof SlsError)) throw error
    const name = connection.name || connection.id
    throw new SlsError(error.code, `${name}: ${error.message}`, {
      field: error.field,
      hint: error.hint,
      cause: error
    })
  }
}
