import type { SlsEmulator } from '../../../emulator'
import { connection, type FlowNode, keyOf, type Running, run, tab } from '../../nodes/runtime'

/** What a Complete node and a Catch node behind sls-out receive. */
const probes: FlowNode[] = [
  { id: 'complete', z: 'tab', type: 'complete', scope: ['out'], wires: [['done']] },
  { id: 'done', z: 'tab', type: 'helper', wires: [] },
  { id: 'catch', z: 'tab', type: 'catch', scope: ['out'], wires: [['failed']] },
  { id: 'failed', z: 'tab', type: 'helper', wires: [] }
]

export interface WritingFlow {
  /** Properties of sls-out and of the connection that differ from the defaults. */
  out?: Readonly<Record<string, unknown>>
  connection?: Readonly<Record<string, unknown>>
  credentials?: object
}

/** A flow of one sls-out (`out`), with the helpers `done` and `failed` behind it. */
export function writingFlow(sls: SlsEmulator, flow: WritingFlow = {}): Promise<Running> {
  const out: FlowNode = {
    id: 'out',
    z: 'tab',
    type: 'sls-out',
    config: 'connection',
    logstore: 'access',
    flushInterval: 0,
    wires: [],
    ...flow.out
  }
  const quick = { baseRetryBackoff: 5, maxRetryBackoff: 50, ...flow.connection }
  return run([tab, connection(sls, quick), out, ...probes], { credentials: flow.credentials ?? keyOf(sls) })
}
