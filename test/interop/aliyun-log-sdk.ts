import { Agent } from 'node:http'
import { createRequire } from 'node:module'
import type { LookupFunction } from 'node:net'
import type { SlsEmulator } from '../../emulator'

export type Fields = Record<string, string>

/** The official SDK for Node, `@alicloud/log`, as far as these tests use it. */
export interface AliyunLog {
  getProject(project: string, options: object): Promise<Record<string, unknown>>
  createProject(project: string, data: object, options: object): Promise<unknown>
  deleteProject(project: string, options: object): Promise<unknown>
  listLogStore(project: string, data: object, options: object): Promise<Record<string, unknown>>
  createLogStore(project: string, logstore: string, data: object, options: object): Promise<unknown>
  updateLogStore(project: string, logstore: string, data: object, options: object): Promise<unknown>
  getLogStore(project: string, logstore: string, options: object): Promise<Record<string, unknown>>
  deleteLogStore(project: string, logstore: string, options: object): Promise<unknown>
  createIndex(project: string, logstore: string, index: object, options: object): Promise<unknown>
  updateIndex(project: string, logstore: string, index: object, options: object): Promise<unknown>
  getIndexConfig(project: string, logstore: string, options: object): Promise<Record<string, unknown>>
  deleteIndex(project: string, logstore: string, options: object): Promise<unknown>
  postLogStoreLogs(project: string, logstore: string, data: object, options: object): Promise<unknown>
  getLogs(
    project: string,
    logstore: string,
    from: Date,
    to: Date,
    data: object,
    options: object
  ): Promise<Fields[]>
  getHistograms(
    project: string,
    logstore: string,
    from: Date,
    to: Date,
    data: object,
    options: object
  ): Promise<{ count: number }[]>
}

const Sdk = createRequire(__filename)('@alicloud/log') as new (config: object) => AliyunLog

/** The SDK as it is published, pointed at an emulator; `changes` to its configuration. */
export function sdkFor(emulator: SlsEmulator, changes: object = {}): AliyunLog {
  const { accessKeyId, accessKeySecret, port } = emulator
  return new Sdk({ accessKeyId, accessKeySecret, endpoint: `127.0.0.1:${port}`, ...changes })
}

/** For the `options` of each call: resolves `<project>.127.0.0.1`, as the SDK builds its host. */
export function localAgent(): Agent {
  const lookup: LookupFunction = (_host, { all }, found) => {
    if (all === true) found(null, [{ address: '127.0.0.1', family: 4 }])
    else found(null, '127.0.0.1', 4)
  }
  return new Agent({ lookup })
}
