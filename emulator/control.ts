import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FaultSpec, readFault } from './fault-spec'
import { emptyReply, jsonReply, type Reply } from './http/reply'
import type { EmulatorRequest } from './http/request'
import type { LastRecord } from './last-records'
import { readQuotas } from './quota'
import { ServiceError } from './service-error'
import type { EmulatorStats } from './stats'
import { parseJson } from './wire/json-body'

/** What the control calls and the page work on. */
export interface Controlled {
  addFault(spec: FaultSpec): string
  removeFault(id: string): boolean
  clearFaults(): void
  setQuotas(quotas: ReturnType<typeof readQuotas>): void
  stats(): EmulatorStats
  lastRecords(): Record<string, LastRecord[]>
}

/** True for requests to the emulator itself: `/_emulator/...`, and `/` as a browser asks for it. */
export function isControl(request: EmulatorRequest): boolean {
  const [first] = request.target.segments
  if (first === '_emulator') return true
  const isCall = ['authorization', 'x-log-apiversion'].some((name) => request.header(name) !== undefined)
  return first === undefined && request.method === 'GET' && !isCall
}

/** Answers `/_emulator/stats`, `/_emulator/faults[/ID]`, `/_emulator/quotas` and the page. They need no key. */
export function answerControl(request: EmulatorRequest, emulator: Controlled): Reply {
  const [, resource, id] = request.target.segments
  switch (`${request.method} ${resource ?? ''}`) {
    case 'GET ':
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page() }
    case 'GET stats':
      return jsonReply(emulator.stats())
    case 'GET page':
      return jsonReply({ stats: emulator.stats(), last: emulator.lastRecords() })
    case 'GET faults':
      return jsonReply(emulator.stats().faults)
    case 'POST faults':
      return jsonReply({ ids: readFaults(request.body).map((spec) => emulator.addFault(spec)) })
    case 'DELETE faults':
      return removeFaults(emulator, id)
    case 'GET quotas':
      return jsonReply(emulator.stats().quotas ?? false)
    case 'PUT quotas':
      emulator.setQuotas(readQuotas(parseJson(request.body, 'ParameterInvalid')))
      return emptyReply()
    default:
      throw new ServiceError(404, 'BadRequest', `no resource ${request.method} ${request.target.path}`)
  }
}

function readFaults(body: Buffer): FaultSpec[] {
  const value = parseJson(body, 'ParameterInvalid')
  return (Array.isArray(value) ? value : [value]).map(readFault)
}

function removeFaults(emulator: Controlled, id: string | undefined): Reply {
  if (id === undefined) emulator.clearFaults()
  else if (!emulator.removeFault(id)) throw new ServiceError(404, 'BadRequest', `no fault ${id}`)
  return emptyReply()
}

let cachedPage: Buffer | undefined

function page(): Buffer {
  cachedPage ??= readFileSync(join(__dirname, 'page.html'))
  return cachedPage
}
