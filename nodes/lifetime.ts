import type { NodeRedSettings } from './node-red'

const usualCloseTimeout = 15_000

function limitOf(settings: NodeRedSettings): number {
  return settings.nodeCloseTimeout ?? usualCloseTimeout
}

/** Milliseconds a node may spend on finishing its work when it closes, so that Node-RED does not give up on it. */
export function workBudget(settings: NodeRedSettings): number {
  const limit = limitOf(settings)
  return Math.floor(limit - Math.min(2000, limit * 0.25))
}

/** Milliseconds a connection waits for its users to close; longer than they take. */
export function connectionBudget(settings: NodeRedSettings): number {
  const limit = limitOf(settings)
  return Math.floor(limit - Math.min(1000, limit * 0.1))
}
