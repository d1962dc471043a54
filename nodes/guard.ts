import { toNodeError } from './node-error'
import type { Node } from './node-red'

/** The end of every chain of asynchronous work: a rejection that nobody takes would end Node-RED. */
export function guard(work: Promise<unknown>, node: Pick<Node, 'error'>): void {
  work
    .catch((error: unknown) => node.error(toNodeError(error)))
    .catch((error: unknown) => {
      process.emitWarning(error instanceof Error ? error : String(error))
    })
}
