import { parseArgs } from 'node:util'
import type { EmulatorOptions } from './options'

export const USAGE = `Usage: sls-emulator [options]

  --port PORT                 default 9000; 0 takes any free one
  --host ADDRESS              default 127.0.0.1
  --hostname NAME             a further name of the emulator itself, so that its first label is no project;
                              may be repeated
  --project NAME              default demo
  --logstore NAME[:SHARDS]    may be repeated; default access, with 2 shards
  --access-key-id ID          default: generated
  --access-key-secret SECRET
  --data DIR                  keep everything in this folder across restarts
  --memory SIZE               log data in memory, as 512m or 2g; default 1g; beyond, the oldest expire
                              (with --data: are read from disk)
  --retention TIME            how long data is kept, as 90s, 15m, 12h or 7d; default each logstore's ttl
  --quotas                    the service's documented quotas of each shard
  --strict                    refuse what the service refuses but common clients send
  --any-log-time              take logs of any time (the service: 7 days back to 15 minutes ahead)
  --quiet                     print nothing but the line of JSON
  --help

Prints one line of JSON when it listens: endpoint, project, logstores, accessKeyId, accessKeySecret.`

const DEFAULT_PORT = 9000
const DEFAULT_MEMORY = 1024 ** 3
/** Bytes. */
const MEMORY_UNITS = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3]
])
/** Seconds. */
const TIME_UNITS = new Map([
  ['', 1],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400]
])

/** Options of the command line; `undefined` where help is asked for. Throws on what is unknown or wrong. */
export function parseCommandLine(args: readonly string[]): EmulatorOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      hostname: { type: 'string', multiple: true },
      project: { type: 'string' },
      logstore: { type: 'string', multiple: true },
      'access-key-id': { type: 'string' },
      'access-key-secret': { type: 'string' },
      data: { type: 'string' },
      memory: { type: 'string' },
      retention: { type: 'string' },
      quotas: { type: 'boolean' },
      strict: { type: 'boolean' },
      'any-log-time': { type: 'boolean' },
      quiet: { type: 'boolean' },
      help: { type: 'boolean' }
    }
  })
  if (values.help === true) return undefined
  return withoutUndefined({
    port: values.port === undefined ? DEFAULT_PORT : portNumber(values.port),
    host: values.host,
    hostnames: values.hostname,
    project: values.project,
    logstores: values.logstore,
    accessKeyId: values['access-key-id'],
    accessKeySecret: values['access-key-secret'],
    data: values.data,
    memory: values.memory === undefined ? DEFAULT_MEMORY : scaled('--memory', values.memory, MEMORY_UNITS),
    retention:
      values.retention === undefined ? undefined : scaled('--retention', values.retention, TIME_UNITS),
    quotas: values.quotas,
    strict: values.strict,
    checkLogTime: values['any-log-time'] === true ? false : undefined,
    quiet: values.quiet
  })
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (port < 0 || port > 65_535) throw new RangeError(`--port ${text}: must be 0 to 65535`)
  return port
}

/** A number of 1 or more with a unit. */
function scaled(option: string, text: string, units: ReadonlyMap<string, number>): number {
  const [, number = '', unit = ''] = /^(\d{1,12})([a-z]?)$/.exec(text.toLowerCase()) ?? []
  const value = Number(number) * (units.get(unit) ?? Number.NaN)
  if (!(value >= 1))
    throw new RangeError(
      `${option} ${text}: must be a number, alone or with one of ${[...units.keys()].filter(Boolean).join(' ')}`
    )
  return value
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>
}
