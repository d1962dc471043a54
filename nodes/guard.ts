import { toNodeError } from './node-error'
import type { Done, Node } from './node-red'

/** The end of every chain of asynchronous work: a rejection that nobody takes would end Node-RED. */
export function guard(work: Promise<unknown>, node: Pick<Node, 'error'>): void {
  work
    .catch((error: unknown) => node.error(toNodeError(error)))
    .catch((error: unknown) => {
      process.emitWarning(error instanceof Error ? error : String(error))
    })
}

/**
 * Calls `done`, which may throw: Node-RED clones the message for Catch and Complete nodes, and a getter of it may do
 * anything. The node reports the error itself then.
 */
export function answer(done: Done, node: Pick<Node, 'error'>, error?: unknown): void {
  try {
    if (error === undefined) done()
    else done(error)
  } catch (failure) {
    node.error(error ?? toNodeError(failure))
  }
}
