import type { EmulatorProcess } from './emulator-process'
import type { FlowNode } from './node-red-process'

/** A connection to the emulator; its key travels inline and is taken out of the flow by Node-RED. */
export function connection(sls: EmulatorProcess): FlowNode {
  return {
    id: 'connection',
    type: 'sls-config',
    name: 'SLS',
    endpoint: sls.endpoint,
    project: sls.project,
    credentials: { accessKeyId: sls.accessKeyId, accessKeySecret: sls.accessKeySecret }
  }
}

export const tab: FlowNode = { id: 'tab', type: 'tab', label: 'test' }

/** `POST /write` with records: answered with 200 when SLS has accepted them, else with 502 and the error. */
export function writingOverHttp(logstore: string): FlowNode[] {
  return [
    { ...onTab('post', 'http in'), url: '/write', method: 'post', wires: [['sls-out']] },
    {
      ...onTab('sls-out', 'sls-out'),
      config: 'connection',
      logstore,
      flushInterval: 50,
      wires: []
    },
    { ...onTab('accepted', 'complete'), scope: ['sls-out'], wires: [['answer']] },
    { ...onTab('refused', 'catch'), scope: ['sls-out'], wires: [['failure']] },
    {
      ...onTab('failure', 'change'),
      rules: [
        { t: 'set', p: 'statusCode', pt: 'msg', to: '502', tot: 'num' },
        { t: 'set', p: 'payload', pt: 'msg', to: 'error', tot: 'msg' }
      ],
      wires: [['answer']]
    },
    { ...onTab('answer', 'http response'), wires: [] }
  ]
}

/** A delivery as the collector gets it: the record (or the records) and where SLS holds it. */
export interface Delivery {
  record: Record<string, string>
  id: string
}

/**
 * sls-in, a message a log, whose messages are delivered to the collector; with manual acknowledgement a log is
 * acknowledged when the collector has answered, and asked for again when it has not.
 */
export function deliveringTo(url: string, slsIn: Readonly<Record<string, unknown>>): FlowNode[] {
  const manual = slsIn['acknowledge'] === 'manual'
  return [
    {
      ...onTab('sls-in', 'sls-in'),
      config: 'connection',
      position: 'begin',
      checkpointInterval: 200,
      inputs: manual ? 1 : 0,
      ...slsIn,
      wires: [['pack']]
    },
    {
      ...onTab('pack', 'function'),
      func: 'msg.payload = { record: msg.payload, id: msg.sls.id }\nreturn msg',
      outputs: 1,
      libs: [],
      wires: [['deliver']]
    },
    {
      ...onTab('deliver', 'http request'),
      method: 'POST',
      ret: 'txt',
      url,
      persist: true,
      senderr: true,
      headers: [],
      wires: [manual ? ['sls-in'] : []]
    },
    { ...onTab('undelivered', 'catch'), scope: ['deliver'], wires: [manual ? ['sls-in'] : []] }
  ]
}

function onTab(id: string, type: string): FlowNode {
  return { id, type, z: tab.id, x: 100, y: 100 }
}
