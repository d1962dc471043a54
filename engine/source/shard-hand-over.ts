import type { Clock } from './clock'
import { abortable } from './condition'
import type { SourceContext } from './context'
import { Lease } from './lease'
import type { ShardReader } from './shard-reader'

/**
 * Ends the reading of a shard for another reader: gives the flow the hand-over time-out to acknowledge what it has,
 * then commits how far it came, for as long again at most. Gives up when the signal is aborted. Never rejects.
 */
export async function handOverShard(
  { changed, checkpoints, settings }: SourceContext,
  reader: ShardReader,
  signal: AbortSignal
): Promise<void> {
  const { assignment, clock } = settings
  const { flight, logstore, shard } = reader
  const patience = assignment.type === 'group' ? assignment.handOverTimeout : 0
  const within = (work: (bound: AbortSignal) => Promise<void>) => bounded(work, patience, clock, signal)
  const halted = reader.halt()
  flight.withdraw()
  await within(() => halted)
  // A fetch may have come in while it was being halted.
  flight.withdraw()
  await within((bound) => changed.until(() => flight.batches === 0, bound))
  flight.discard()
  const position = reader.ledger?.lowWater
  if (position === undefined || signal.aborted) return
  await within((bound) => checkpoints.settle(logstore, shard, position, bound))
}

/** Resolves when the work is done, fails, or its time is over. */
async function bounded(
  work: (bound: AbortSignal) => Promise<void>,
  ms: number,
  clock: Clock,
  signal: AbortSignal
): Promise<void> {
  const bound = new AbortController()
  const end = () => bound.abort()
  const lease = new Lease(clock, ms, end)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  await abortable(work(bound.signal), bound.signal).catch(() => undefined)
  lease.end()
  signal.removeEventListener('abort', end)
}
