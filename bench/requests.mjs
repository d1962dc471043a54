// What one request costs, in the first moments of a process and once V8 has compiled what it takes.
import { Contender } from './contender.mjs'
import { interleaveAsync, median, pairedRatio } from './measure.mjs'
import { figure, table } from './report.mjs'
import { startStub } from './services.mjs'

const PROCESSES = 4
const SIZES = [1000, 34_000]
const work = { requests: 100, atATime: 2 }
const WARM = 2000

export async function requests() {
  const stub = await startStub()
  const { connection } = stub
  const rows = []
  for (const size of SIZES) {
    const runs = await interleaveAsync(['ours', 'node:http'], PROCESSES, async (way) => {
      const contender = await Contender.start('requests', { connection, way })
      const run = async (count) => {
        const { cpu } = await contender.run('post', { ...work, requests: count, size })
        return (cpu / count) * 1e6
      }
      const costs = { first: await run(work.requests), next: await run(work.requests) }
      await run(WARM)
      costs.warm = await run(WARM)
      await contender.close()
      return costs
    })
    for (const [when, name] of [
      ['first', `the first ${work.requests}`],
      ['next', `the next ${work.requests}`],
      ['warm', `after ${WARM}`]
    ]) {
      const [ours, other] = ['ours', 'node:http'].map((way) => runs[way].map((costs) => costs[when]))
      rows.push([size, name, figure(median(ours)), figure(median(other)), figure(pairedRatio(other, ours))])
    }
  }
  await stub.close()
  table('A request, CPU us, 2 at a time', ['bytes', 'requests', 'ours', 'node:http', 'x ours'], rows)
}
