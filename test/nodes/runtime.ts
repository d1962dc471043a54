import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import helper, { type SharedSpy, type TestNode } from 'node-red-node-test-helper'
import type { SlsEmulator } from '../../emulator/index'
import type { NodeMessage, NodeStatus } from '../../nodes/node-red'

import slsConfig = require('../../nodes/sls-config')
import slsIn = require('../../nodes/sls-in')
import slsOut = require('../../nodes/sls-out')

export interface FlowNode {
  id: string
  type: string
  [property: string]: unknown
}

export const tab: FlowNode = { id: 'tab', type: 'tab', label: 'test' }

/** Runs the tests of a `describe` in Node-RED's own runtime, without an editor. */
export function withNodeRed(): void {
  before((done) => {
    helper.init(require.resolve('node-red'))
    for (const [type, register] of Object.entries(helper._nodeModules)) {
      helper._nodeModules[type] = registeringOnce(register)
    }
    helper.startServer(done)
  })
  afterEach(() => helper.unload())
  after(() => helper.stopServer())
}

/** The helper registers a core node once for each node of the flow, which the runtime refuses. */
function registeringOnce(register: (red: object) => unknown): (red: object) => unknown {
  let last: object | undefined
  return (red) => {
    if (red === last) return undefined
    last = red
    return register(red)
  }
}

/** A connection to the emulator, with what differs. */
export function connection(sls: SlsEmulator, differences: Readonly<Record<string, unknown>> = {}): FlowNode {
  return {
    id: 'connection',
    type: 'sls-config',
    endpoint: sls.endpoint,
    project: sls.project,
    ...differences
  }
}

export function keyOf(sls: SlsEmulator): Record<string, object> {
  return { connection: { accessKeyId: sls.accessKeyId, accessKeySecret: sls.accessKeySecret } }
}

export interface RunOptions {
  credentials?: object
  /** Core nodes of Node-RED that the flow has besides, by their files. */
  core?: readonly string[]
  settings?: Readonly<Record<string, unknown>>
}

/** Deploys a flow; nodes of type `helper` keep what they receive. */
export async function run(flow: readonly FlowNode[], options: RunOptions = {}): Promise<Running> {
  helper.settings({ userDir: undefined, nodeCloseTimeout: 15_000, ...options.settings })
  const core = (options.core ?? []).map((file) => require(`@node-red/nodes/core/${file}`) as unknown)
  await helper.load([slsConfig, slsIn, slsOut, ...core], onCanvas(flow), options.credentials)
  return new Running(flow)
}

/** What a node said while it was made. */
function callsOf<Argument>(node: TestNode, spy: SharedSpy<Argument>): Argument[] {
  return spy.args.filter((_, call) => spy.thisValues[call] === node).map(([argument]) => argument)
}

/** Node-RED takes a node without a place on a tab for a config node. */
function onCanvas(flow: readonly FlowNode[]): FlowNode[] {
  return flow.map((node) => (node['z'] === undefined ? node : { x: 0, y: 0, ...node }))
}

/** A running flow and all that came to its probes. */
export class Running {
  private readonly nodes = new Map<string, TestNode>()
  private readonly received = new Map<string, NodeMessage[]>()
  private readonly shown = new Map<string, NodeStatus[]>()
  private readonly reported = new Map<string, string[]>()

  constructor(flow: readonly FlowNode[]) {
    for (const { id, type } of flow) {
      const node = helper.getNode(id)
      if (node === null) continue
      this.nodes.set(id, node)
      if (type === 'helper') this.keepMessages(id, node)
      if (type.startsWith('sls-')) this.keepReports(id, node)
    }
  }

  private keepMessages(id: string, node: TestNode): void {
    const messages: NodeMessage[] = []
    this.received.set(id, messages)
    node.on('input', (message: NodeMessage) => messages.push(message))
  }

  /** Listens at the node itself, since the helper's own ears are gone as soon as the flow stops. */
  private keepReports(id: string, node: TestNode): void {
    const reports = [...callsOf(node, node.error), ...callsOf(node, node.warn)].map(String)
    const statuses: NodeStatus[] = node.status.args
      .filter((_, call) => node.status.thisValues[call] === node)
      .map(([status]) => status)
    this.reported.set(id, reports)
    this.shown.set(id, statuses)
    const { error, warn } = node
    const status: (shown: NodeStatus) => void = node.status
    Object.assign(node, {
      error: (report: unknown, message?: object) => {
        reports.push(String(report))
        error.call(node, report, message)
      },
      warn: (report: unknown) => {
        reports.push(String(report))
        warn.call(node, report)
      },
      status: (shown: NodeStatus) => {
        statuses.push(shown)
        status.call(node, shown)
      }
    })
  }

  /** The flow or global context that a node sees. */
  context(id: string, scope: 'flow' | 'global'): { set(name: string, value: unknown): void } {
    const node = this.nodes.get(id) as unknown as {
      context(): Record<'flow' | 'global', { set(name: string, value: unknown): void }>
    }
    return node.context()[scope]
  }

  messages(id: string): NodeMessage[] {
    return this.received.get(id) ?? []
  }

  /** Texts of all that the node has reported, errors and warnings. */
  reports(id: string): string[] {
    return this.reported.get(id) ?? []
  }

  statuses(id: string): readonly NodeStatus[] {
    return this.shown.get(id) ?? []
  }

  statusTexts(id: string): string[] {
    return this.statuses(id).map(({ text }) => text ?? '')
  }

  send(id: string, message: NodeMessage): void {
    const node = this.nodes.get(id)
    assert.ok(node, `there is no node ${id}`)
    node.receive(message)
  }

  /** From now on the context stores of the node answer as `get` does. */
  answerContext(id: string, get: (key: string, store: string, callback: () => void) => void): void {
    Object.assign(this.nodes.get(id) ?? {}, { context: () => ({ flow: { get }, global: { get } }) })
  }

  /** The first `count` messages of a probe, once it has them. */
  async take(id: string, count: number, patience?: number): Promise<NodeMessage[]> {
    await until(
      `${count} messages at ${id}`,
      () => this.messages(id).length >= count,
      () => JSON.stringify({ came: this.messages(id).length, reported: [...this.reported] }),
      patience
    )
    return this.messages(id).slice(0, count)
  }

  /** The message of a probe at this place, once it is there. */
  async at(id: string, place: number): Promise<NodeMessage> {
    const message = (await this.take(id, place + 1))[place]
    assert.ok(message)
    return message
  }

  first(id: string): Promise<NodeMessage> {
    return this.at(id, 0)
  }

  /** Deploys another flow over this one; nodes that are the same live on. */
  async deployNodes(flow: readonly FlowNode[], credentials: object): Promise<void> {
    const started = new Promise<void>((resolve) => helper._events.once('flows:started', () => resolve()))
    await helper._redNodes.setFlows(onCanvas(flow), credentials, 'nodes')
    await started
    await pause(0)
  }

  async stop(): Promise<void> {
    await helper.unload()
  }
}

/** Waits for something that has to come about sooner or later; the limit only ends a test that fails. */
export async function until(
  what: string,
  condition: () => boolean,
  details: () => string = () => '',
  patience = 15_000
): Promise<void> {
  const limit = Date.now() + patience
  while (!condition()) {
    assert.ok(Date.now() < limit, `waited in vain for ${what}: ${details()}`)
    await pause(5)
  }
}

/** A message with a property whose getter throws; clones, such as a Catch node's, are made without it. */
export function unreadableIn(message: NodeMessage, property: string): NodeMessage {
  const get = () => {
    throw new Error('out of order')
  }
  return Object.defineProperty({ ...message }, property, { enumerable: false, get })
}

/** `msg.error` as a Catch node gives it. */
export function errorOf(message: NodeMessage): {
  code: string
  message: string
  cause: Record<string, unknown>
} {
  const { error } = message
  assert.ok(typeof error === 'object' && error !== null && 'message' in error)
  return error as { code: string; message: string; cause: Record<string, unknown> }
}

export function request() {
  return helper.request()
}
