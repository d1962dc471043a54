import { setImmediate as nextTurn } from 'node:timers/promises'
import { SlsError } from '../engine/client/errors'
import { SlsSource } from '../engine/source/source'
import { Acknowledgements } from './acknowledgements'
import { connect, findConnection, type SlsConfigNode } from './connection'
import { answer, guard } from './guard'
import { workBudget } from './lifetime'
import { LogDelivery } from './log-delivery'
import { memberName } from './member-name'
import { errorFacts, type NodeError, toNodeError } from './node-error'
import type { Done, Node, NodeDefinition, NodeMessage, NodeRed, Send } from './node-red'
import { MessageProgressStore, openProgressFile } from './progress-file'
import type { Runtime } from './renewal'
import { settingsError } from './settings-error'
import { sendSourceEvents } from './source-events'
import { SourceInput } from './source-input'
import { reportSource } from './source-report'
import { readSourceSettings, type SourceSettings } from './source-settings'
import { sourceNodeStatus } from './source-status'
import { StatusLine } from './status-line'
import { statusTicker } from './status-ticker'

/** What runs behind one sls-in: a source whose batches become messages. */
export class SourceNode implements Runtime {
  private readonly status: StatusLine
  private readonly acknowledgements = new Acknowledgements()
  private connection: SlsConfigNode | undefined
  private delivery: LogDelivery | undefined
  private source: SlsSource | undefined
  private state: MessageProgressStore | undefined
  private stopTicker: (() => void) | undefined
  private opening: Promise<SourceInput> | undefined
  private closed: boolean = false
  private deliveryFails: boolean = false

  constructor(
    private readonly RED: NodeRed,
    private readonly node: Node,
    private readonly lost: () => void
  ) {
    this.status = new StatusLine(node)
  }

  /** Starts reading in the background; what keeps it from starting is shown and reported. */
  start(definition: NodeDefinition): void {
    this.opening = this.open(definition)
    guard(
      this.opening.catch((error: unknown) => this.fail(error)),
      this.node
    )
  }

  private async open(definition: NodeDefinition): Promise<SourceInput> {
    const { settings, issues } = readSourceSettings(this.RED, this.node, definition)
    const connection = findConnection(this.RED, definition['config'])
    if (connection === undefined) issues.unshift({ property: 'config', problem: 'missing', values: {} })
    if (connection === undefined || issues.length > 0) throw settingsError(issues, 'sls-in', this.RED)
    this.connection = connection
    const client = connect(connection, this.node, this.lost)
    this.status.show({ fill: 'yellow', shape: 'ring', text: 'sls-in.status.starting' })
    const state = settings.localState ? await this.openState(settings.engine.query) : undefined
    const assignment = await this.named(settings.engine.assignment)
    if (this.closed) throw new SlsError('Closed', 'The node is closed')
    this.state = state
    const source = new SlsSource({
      ...settings.engine,
      assignment,
      client,
      state,
      closeTimeout: workBudget(this.RED.settings)
    })
    this.source = source
    return this.run(source, settings, client.project)
  }

  /** A member of a group needs a name of its own. */
  private async named(assignment: SourceSettings['engine']['assignment']) {
    if (assignment?.type !== 'group' || assignment.consumer !== '') return assignment
    return { ...assignment, consumer: await memberName(this.RED.settings.userDir, this.node.id) }
  }

  private async openState(query: string | undefined): Promise<MessageProgressStore | undefined> {
    try {
      const file = await openProgressFile(this.RED.settings.userDir, this.node.id)
      return new MessageProgressStore(file, this.acknowledgements, query)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.node.warn(this.RED._('sls-in.warning.no-local-state', { reason }))
      return undefined
    }
  }

  private run(source: SlsSource, settings: SourceSettings, project: string): SourceInput {
    const delivery = new LogDelivery(this.acknowledgements, {
      ...settings,
      send: (message) => this.node.send(message)
    })
    this.delivery = delivery
    reportSource(source, this.node, project)
    if (settings.events) {
      sendSourceEvents(source, project, (message) => {
        if (!this.closed) this.node.send([null, message])
      })
    }
    const show = () => this.status.show(sourceNodeStatus(source.status(), this.RED))
    for (const event of ['retry', 'error', 'recovered', 'shards', 'stopped', 'done'] as const)
      source.on(event, show)
    this.stopTicker = statusTicker.add(show)
    guard(
      this.pump(source, delivery).catch((error: unknown) => this.fail(error)),
      this.node
    )
    return new SourceInput({
      source,
      acknowledgements: this.acknowledgements,
      delivery,
      manual: settings.manual,
      logstore: typeof settings.engine.logstores === 'string' ? settings.engine.logstores : undefined,
      show
    })
  }

  private async pump(source: SlsSource, delivery: LogDelivery): Promise<void> {
    for await (const batch of source) {
      if (this.closed) continue
      try {
        await delivery.deliver(batch)
        if (this.deliveryFails) this.node.log('log groups can be decoded again')
        this.deliveryFails = false
      } catch (error) {
        batch.nack(error)
        if (!this.deliveryFails) this.report(error)
        this.deliveryFails = true
      }
    }
  }

  receive(message: NodeMessage, send: Send, done: Done): void {
    const received = Promise.resolve(this.opening).then((input) => input?.receive(message, send))
    guard(
      received.then(
        () => answer(done, this.node),
        (reason: unknown) => {
          const error = toNodeError(reason)
          answer(done, this.node, this.hasTold(error, message) ? undefined : error)
        }
      ),
      this.node
    )
  }

  /**
   * A Catch node of all nodes that is wired to this one brings back what this one has told: of a message, or of its
   * reading, which has a code where a message has its place.
   */
  private hasTold(error: NodeError, message: NodeMessage): boolean {
    try {
      const { error: told, sls } = message as {
        error?: { message?: unknown; source?: { id?: unknown } } | null
        sls?: { code?: unknown } | null
      }
      return told?.source?.id === this.node.id && (told.message === String(error) || sls?.code !== undefined)
    } catch {
      return false // a getter of the message throws
    }
  }

  private fail(error: unknown): void {
    if (this.closed) return
    const field = error instanceof SlsError ? error.field : undefined
    const text =
      field === undefined ? toNodeError(error).code : this.RED._('sls-in.status.wrong', { property: field })
    // Status and Catch nodes of the flow may be built after this one.
    guard(
      nextTurn().then(() => {
        this.status.show({ fill: 'red', shape: 'ring', text })
        this.report(error)
      }),
      this.node
    )
  }

  /** Catch nodes hear of an error only with a message. */
  private report(error: unknown): void {
    if (this.closed) return
    const facts = error instanceof SlsError ? errorFacts(error) : {}
    this.node.error(toNodeError(error), { topic: '', sls: facts })
  }

  /** Stops, saves what is acknowledged and lets go of the connection; the progress file stays. */
  async close(): Promise<void> {
    this.closed = true
    this.stopTicker?.()
    this.status.close()
    try {
      await this.opening?.catch(() => undefined)
      this.stopTicker?.()
      await this.delivery?.interrupt()
      await this.source?.close()
      await this.state?.saveRest()
    } finally {
      this.connection?.release(this.node)
    }
  }
}
