import { refuseUnknownName } from './known-names'
import { CALL_NAMES } from './router'
import { parameterInvalid } from './service-error'

const KINDS = [
  /** Answers an error instead of acting. */
  'error',
  /** Waits before acting. */
  'delay',
  /** Cuts the connection instead of acting. */
  'cutBefore',
  /** Acts, then cuts the connection instead of answering. */
  'cutAfter',
  /** Acts, then cuts the connection in the middle of the answer's body. */
  'halfBody',
  /** Acts, then answers a body with wrong bytes. */
  'corruptBody',
  /** Answers the shard quota errors beyond a rate. */
  'throttle',
  /** Runs the service's clock ahead (or, negative, behind): for the signature check and the time it tells. */
  'clockSkew',
  /** Drops the data of shards at once, so that cursors into it become invalid. */
  'expireCursors'
] as const

export type FaultKind = (typeof KINDS)[number]

export interface FaultSpec {
  kind: FaultKind
  /** Names of the calls it is for, as in `stats().calls`; absent: every call. */
  call?: string | readonly string[]
  logstore?: string
  shard?: number
  /** Calls it strikes, after which it rests; absent: all. */
  count?: number
  /** Fraction of the calls, 0..1; default 1. */
  probability?: number
  /** Makes a fraction repeatable. */
  seed?: number
  /** Of `error`; default what the code goes with. */
  status?: number
  /** Of `error`; default `InternalServerError`. */
  code?: string
  message?: string
  /** Of `delay`, milliseconds. */
  delay?: number
  /** Of `clockSkew`, milliseconds. */
  skew?: number
  /** Of `throttle`. */
  callsPerSecond?: number
  bytesPerSecond?: number
  /** Of `expireCursors`: groups that stay in each shard; default 0. */
  keep?: number
}

const NUMBERS = new Map<string, readonly [min: number, max: number]>([
  ['shard', [0, 2 ** 31]],
  ['count', [1, 1e9]],
  ['probability', [0, 1]],
  ['seed', [0, 2 ** 32]],
  ['status', [400, 599]],
  ['delay', [0, 3_600_000]],
  ['skew', [-1e12, 1e12]],
  ['callsPerSecond', [0, 1e9]],
  ['bytesPerSecond', [0, 1e12]],
  ['keep', [0, 1e9]]
])
const COUNTED = new Set(['shard', 'count', 'status', 'keep'])
const TEXTS = new Set(['logstore', 'code', 'message'])
const NAMES = ['kind', 'call', ...NUMBERS.keys(), ...TEXTS]
const NEEDED: Partial<Record<FaultKind, readonly (keyof FaultSpec)[]>> = {
  delay: ['delay'],
  clockSkew: ['skew']
}

/** A fault as it comes in JSON; 400 `ParameterInvalid` for a property that is unknown or wrong. */
export function readFault(value: unknown): FaultSpec {
  if (typeof value !== 'object' || value === null) throw parameterInvalid('a fault is a JSON object')
  const spec = value as Readonly<Record<string, unknown>>
  refuseUnknownName('a fault has', spec, NAMES)
  const kind = KINDS.find((name) => name === spec['kind'])
  if (kind === undefined) throw parameterInvalid(`kind must be one of ${KINDS.join(', ')}`)
  for (const [name, property] of Object.entries(spec)) checkProperty(name, property)
  if (kind === 'throttle' && !('callsPerSecond' in spec) && !('bytesPerSecond' in spec)) {
    throw parameterInvalid('throttle needs callsPerSecond, bytesPerSecond or both')
  }
  for (const name of NEEDED[kind] ?? []) if (!(name in spec)) throw parameterInvalid(`${kind} needs ${name}`)
  return { ...spec, kind }
}

function checkProperty(name: string, value: unknown): void {
  if (name === 'kind') return
  if (name === 'call') {
    const names: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (names.length === 0) throw parameterInvalid('call is an empty array')
    const unknown = names.find((call) => typeof call !== 'string' || !CALL_NAMES.has(call))
    if (unknown !== undefined) {
      throw parameterInvalid(
        `there is no call ${JSON.stringify(unknown)}; call is one of these or an array of them: ${[...CALL_NAMES].join(', ')}`
      )
    }
    return
  }
  const range = NUMBERS.get(name)
  if (range !== undefined) {
    if (typeof value !== 'number' || !(value >= range[0] && value <= range[1])) {
      throw parameterInvalid(`${name} must be a number of [${range[0]}-${range[1]}]`)
    }
    if (COUNTED.has(name) && !Number.isInteger(value)) throw parameterInvalid(`${name} must be an integer`)
  } else if (typeof value !== 'string') throw parameterInvalid(`${name} must be a string`)
}
