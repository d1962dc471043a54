import type { NodeRedSettings } from './node-red'

const usualCloseTimeout = 15_000
const margin = 1500

/** Milliseconds a node may spend on closing, so that it ends before Node-RED gives up on it. */
export function closeBudget(settings: NodeRedSettings): number {
  const limit = settings.nodeCloseTimeout ?? usualCloseTimeout
  return Math.max(limit - margin, Math.floor(limit / 2))
}
