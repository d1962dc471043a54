import { SlsEmulator } from '../../../emulator'
import type { Credentials } from './signature'

/** The service that the contract is held against. */
export interface Target {
  readonly live: boolean
  readonly project: string
  readonly region: string
  readonly credentials: Credentials
  /** Where to connect to, for calls on a project or (undefined) on the account. */
  url(project: string | undefined): { protocol: string; hostname: string; port: number; host: string }
  close(): Promise<void>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Of these only `npm run test:live` makes a live run: it alone sets SLS_LIVE. */
const LIVE_VARIABLES = ['SLS_ENDPOINT', 'SLS_PROJECT', 'SLS_ACCESS_KEY_ID', 'SLS_ACCESS_KEY_SECRET'] as const

export function isLive(env: Environment = process.env): boolean {
  return env['SLS_LIVE'] === '1'
}

/** True where the live run may also create and delete projects of its own. */
export function mayCreateProjects(env: Environment = process.env): boolean {
  return !isLive(env) || env['SLS_LIVE_PROJECTS'] === '1'
}

/** The real service that the environment names; throws for a variable that is missing. */
export function liveTarget(env: Environment): Target {
  const [endpoint, project, accessKeyId, accessKeySecret] = LIVE_VARIABLES.map((name) => {
    const value = env[name]
    if (value === undefined || value === '') throw new Error(`${name} is not set`)
    return value
  }) as [string, string, string, string]
  const url = new URL(/^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`)
  const region = /^([a-z0-9-]+?)(-intranet|-share|-vpc)?\.(log|sls)\.aliyuncs\.com$/.exec(url.hostname)?.[1]
  return {
    live: true,
    project,
    region: env['SLS_REGION'] || region || '',
    credentials: { accessKeyId, accessKeySecret, securityToken: env['SLS_SECURITY_TOKEN'] || undefined },
    url: (named) => {
      const prefix = named === undefined ? '' : `${named}.`
      const isLocal = /^(localhost|127\.\d+\.\d+\.\d+)$/.test(url.hostname)
      return {
        protocol: url.protocol,
        hostname: isLocal ? url.hostname : `${prefix}${url.hostname}`,
        port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
        host: `${prefix}${url.host}`
      }
    },
    close: async () => {}
  }
}

export interface TargetOptions {
  /** With a key that is good together with a security token only. */
  sts?: boolean
}

/** A strict emulator of the caller's own. */
async function emulatorTarget({ sts = false }: TargetOptions): Promise<Target> {
  const securityToken = sts ? 'CAIS+contract/token==' : undefined
  const emulator = await SlsEmulator.start({
    project: 'contract',
    logstores: [],
    strict: true,
    quiet: true,
    ...(securityToken === undefined ? {} : { securityToken })
  })
  const { hostname, port, host, protocol } = new URL(emulator.endpoint)
  return {
    live: false,
    project: emulator.project,
    region: 'cn-hangzhou',
    credentials: {
      accessKeyId: emulator.accessKeyId,
      accessKeySecret: emulator.accessKeySecret,
      securityToken
    },
    url: (named) => ({
      protocol,
      hostname,
      port: Number(port),
      host: named === undefined ? host : `${named}.${host}`
    }),
    close: () => emulator.close()
  }
}

/** What this run is held against; a live run without a security token has nothing for `sts`. */
export async function openTarget(options: TargetOptions = {}): Promise<Target | undefined> {
  if (!isLive()) return emulatorTarget(options)
  const target = liveTarget(process.env)
  return options.sts === true && target.credentials.securityToken === undefined ? undefined : target
}
