/**
 * Who should own each shard: as even as possible (any two consumers differ by one at most), every shard staying
 * where it is unless that is too much, and always the same answer for the same question.
 * A move that is under way is gone on with rather than another begun.
 */
export function rebalance(
  shards: readonly number[],
  owners: ReadonlyMap<number, string>,
  consumers: readonly string[],
  underWay: ReadonlySet<number>
): Map<number, string> {
  const plan = new Map<number, string>()
  if (consumers.length === 0) return plan
  const loads = new Map<string, number[]>(consumers.map((consumer) => [consumer, []]))
  const free: number[] = []
  for (const shard of [...shards].sort((a, b) => a - b)) {
    const load = loads.get(owners.get(shard) ?? '')
    if (load === undefined) free.push(shard)
    else load.push(shard)
  }
  for (const shard of free) lightest(loads).push(shard)
  for (;;) {
    const from = heaviest(loads)
    const to = lightest(loads)
    if (from.length - to.length <= 1) break
    const moved = from.findLast((shard) => underWay.has(shard)) ?? from.at(-1)
    if (moved === undefined) break
    from.splice(from.indexOf(moved), 1)
    to.push(moved)
  }
  for (const [consumer, load] of loads) for (const shard of load) plan.set(shard, consumer)
  return plan
}

function lightest(loads: ReadonlyMap<string, number[]>): number[] {
  return [...loads.values()].reduce((best, load) => (load.length < best.length ? load : best))
}

function heaviest(loads: ReadonlyMap<string, number[]>): number[] {
  return [...loads.values()].reduce((best, load) => (load.length > best.length ? load : best))
}
