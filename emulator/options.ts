export interface EmulatorOptions {
  /** 0 (default): any free one. */
  port?: number
  /** Address to listen on, default 127.0.0.1. */
  host?: string
  /** Project that exists from the start, and that a bare host stands for; default `demo`. */
  project?: string
  /** `name` (2 shards) or `name:shards`; default `access`. */
  logstores?: readonly string[]
  /** Generated when absent. */
  accessKeyId?: string
  accessKeySecret?: string
  /** STS token that every call must bear; undefined: any token is taken. */
  securityToken?: string
  /** Folder that holds everything across restarts; undefined: memory only. */
  data?: string
  /** Refuse what the service refuses but common clients send all the same. */
  strict?: boolean
  /** Refuse writes with logs older than 7 days or more than 15 minutes ahead, as the service documents it; default true. */
  checkLogTime?: boolean
  /** Host names that are the emulator's own, so that their first label names no project. */
  hostnames?: readonly string[]
  /** No word on stdout or stderr but the line of JSON; for the command line. */
  quiet?: boolean
  /** Unix milliseconds, default Date.now. */
  clock?: () => number
}
