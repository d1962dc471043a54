import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { SlsError } from '../engine/client/errors'
import type { SinkWrite } from '../engine/sink/prepare-write'
import { SlsSink } from '../engine/sink/sink'
import type { Receipt } from '../engine/sink/write-ledger'
import { connect, findConnection, type SlsConfigNode } from './connection'
import { logsText } from './figures'
import { answer, guard } from './guard'
import { workBudget } from './lifetime'
import { mapMessage } from './message-mapping'
import { MessageOutcome, Outcomes } from './message-outcome'
import { errorFacts, toNodeError } from './node-error'
import type { Done, Node, NodeDefinition, NodeMessage, NodeRed } from './node-red'
import { PlannedRequests } from './planned-requests'
import type { Runtime } from './renewal'
import { settingsError } from './settings-error'
import { reportSink } from './sink-report'
import { type Mapping, readSinkSettings } from './sink-settings'
import { sinkNodeStatus } from './sink-status'
import { StatusLine } from './status-line'
import { statusTicker } from './status-ticker'
import { unreadable } from './unreadable'
import { ValueQueue } from './value-queue'

/** Milliseconds that a closing node waits for the values of messages. */
const closingPatience = 500
/** Milliseconds that a message waits for its values, such as those of a context store. */
const valuePatience = 30_000

/** What runs behind one sls-out: messages become writes, and each message is done when its writes are. */
export class SinkNode implements Runtime {
  private readonly status: StatusLine
  private connection: SlsConfigNode | undefined
  private sink: SlsSink | undefined
  private mapping: Mapping | undefined
  private obstacle: unknown
  private stopTicker: (() => void) | undefined
  /** Messages whose values are not at hand yet; those behind them wait, so that the order stays. */
  private readonly values = new ValueQueue()
  /** By it logs without a time are stamped. */
  private clock: () => number = Date.now
  /** Only of a dry run. */
  private planned: PlannedRequests | undefined
  private closed: boolean = false
  private readonly outcomes: Outcomes

  constructor(
    private readonly RED: NodeRed,
    private readonly node: Node,
    private readonly lost: () => void
  ) {
    this.status = new StatusLine(node)
    this.outcomes = new Outcomes(node, (receipt) => this.planned?.describe(receipt) ?? receipt)
  }

  start(definition: NodeDefinition): void {
    try {
      this.open(definition)
    } catch (error) {
      this.fail(error)
    }
  }

  private open(definition: NodeDefinition): void {
    const { settings, issues } = readSinkSettings(this.RED, this.node, definition)
    const connection = findConnection(this.RED, definition['config'])
    if (connection === undefined) issues.unshift({ property: 'config', problem: 'missing', values: {} })
    if (connection === undefined || issues.length > 0) throw settingsError(issues, 'sls-out', this.RED)
    this.connection = connection
    const client = connect(connection, this.node, this.lost)
    const sink = new SlsSink({ ...settings.engine, client })
    reportSink(sink, this.node, client.project, this.RED)
    this.clock = () => client.now()
    if (settings.engine.dryRun === true) this.planned = new PlannedRequests(sink)
    const show = () => this.status.show(sinkNodeStatus(sink.status(), this.RED))
    for (const event of ['retry', 'error', 'recovered', 'highWater', 'lowWater', 'spoolTrouble'] as const)
      sink.on(event, show)
    this.stopTicker = statusTicker.add(() => {
      show()
      this.values.giveUp(valuePatience, lateValues())
    })
    this.sink = sink
    this.mapping = settings.mapping
    show()
  }

  receive(message: NodeMessage, done: Done): void {
    const { sink, mapping } = this
    if (sink === undefined || mapping === undefined) {
      this.refuse(done, this.obstacle)
    } else if (this.closed) {
      this.refuse(done, new SlsError('Closed', 'The node is closing: nothing of the message was sent'))
    } else {
      this.follow(sink, mapping, message, done)
    }
  }

  private follow(sink: SlsSink, mapping: Mapping, message: NodeMessage, done: Done): void {
    try {
      const action = actionOf(message)
      if (action === 'flush') this.flush(sink, done)
      else if (action === 'status') this.tellStatus(sink, message, done)
      else this.log(sink, mapping, message, done)
    } catch (error) {
      this.refuse(done, error)
    }
  }

  private refuse(done: Done, error: unknown): void {
    answer(done, this.node, toNodeError(error))
  }

  private log(sink: SlsSink, mapping: Mapping, message: NodeMessage, done: Done): void {
    const writes = this.values.isEmpty ? mapMessage(mapping, message, this.clock) : undefined
    if (Array.isArray(writes)) this.settle(sink, writes, message, done)
    else this.logLater(sink, mapping, message, done, writes)
  }

  /** @param writes undefined where others wait for their values, so that the message's have not been asked for */
  private logLater(
    sink: SlsSink,
    mapping: Mapping,
    message: NodeMessage,
    done: Done,
    writes: Promise<SinkWrite[]> | undefined
  ): void {
    this.afterValues(
      () => writes ?? mapMessage(mapping, message, this.clock),
      (ready) => this.settle(sink, ready, message, done),
      done
    )
  }

  private afterValues<T>(values: () => T | Promise<T>, ready: (values: T) => void, done: Done): void {
    guard(
      this.values.add(values, ready, (error) => this.refuse(done, error)),
      this.node
    )
  }

  /** Calls `done` once, when it is known what became of the message. */
  private settle(sink: SlsSink, writes: readonly SinkWrite[], message: NodeMessage, done: Done): void {
    const outcome = new MessageOutcome(this.outcomes, message, done)
    const [only] = writes
    if (only !== undefined && writes.length === 1) {
      sink.submit(only, outcome)
      return
    }
    writeAll(sink, writes).then(
      (receipts) => outcome.accepted(receiptOf(receipts)),
      (error: unknown) => outcome.failed(error)
    )
  }

  private tellStatus(sink: SlsSink, message: NodeMessage, done: Done): void {
    try {
      message.payload = sink.status()
    } catch (error) {
      throw unreadable(error, 'msg.payload', 'a property that can be set')
    }
    answer(done, this.node)
  }

  private flush(sink: SlsSink, done: Done): void {
    const flush = () => {
      const flushed = sink.flush().then(
        () => answer(done, this.node),
        (error: unknown) => this.refuse(done, error)
      )
      guard(flushed, this.node)
    }
    this.afterValues(() => undefined, flush, done)
  }

  private fail(error: unknown): void {
    this.obstacle = error
    const field = error instanceof SlsError ? error.field : undefined
    const text =
      field === undefined ? toNodeError(error).code : this.RED._('sls-out.status.wrong', { property: field })
    // Status and Catch nodes of the flow may be built after this one.
    guard(
      nextTurn().then(() => {
        this.status.show({ fill: 'red', shape: 'ring', text })
        const facts = error instanceof SlsError ? errorFacts(error) : {}
        if (!this.closed) this.node.error(toNodeError(error), { topic: '', sls: facts })
      }),
      this.node
    )
  }

  /** Sends what is buffered as long as there is time; every message that could not be sent gets its error. */
  async close(): Promise<void> {
    this.closed = true
    this.stopTicker?.()
    this.status.close()
    const deadline = performance.now() + workBudget(this.RED.settings)
    try {
      if (!this.values.isEmpty) {
        await Promise.race([this.values.settled(), pause(closingPatience, undefined, { ref: false })])
        this.values.giveUp(0, new SlsError('Closed', 'The node closed before the values of the message came'))
      }
      const report = await this.sink?.close(deadline - performance.now())
      if (report !== undefined && report.failedLogs > 0) this.reportUnsent(report.failedLogs)
      const onDisk = this.sink?.status().spool?.logs ?? 0
      if (onDisk > 0)
        this.node.log(this.RED._('sls-out.error.leftOnDisk', { logs: logsText(onDisk, this.RED) }))
    } finally {
      this.connection?.release(this.node)
    }
  }

  private reportUnsent(logs: number): void {
    const text = this.RED._('sls-out.error.unsent', { logs: logsText(logs, this.RED) })
    // What a Catch node takes is not logged, and at this time those behind it may be gone already.
    this.node.warn(text)
    const error = Object.assign(new Error(text), { name: 'Closed', code: 'Closed' })
    this.node.error(error, { topic: '', sls: { code: 'Closed', logs } })
  }
}

function actionOf(message: NodeMessage): unknown {
  try {
    return message['action']
  } catch (error) {
    throw unreadable(error, 'msg.action', 'flush, status or nothing')
  }
}

function lateValues(): SlsError {
  return new SlsError(
    'InvalidLog',
    `The values of the message did not come within ${valuePatience / 1000} s`,
    {
      hint: 'Check the context stores that the properties of the node name'
    }
  )
}

/** Waits for all writes even if one fails, so that nothing of the message is on its way when it is done. */
async function writeAll(sink: SlsSink, writes: readonly SinkWrite[]): Promise<Receipt[]> {
  const outcomes = await Promise.allSettled(writes.map((write) => sink.write(write)))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
}

/** `msg.slsReceipt`; `msg.sls` stays, since a manual acknowledgement may need it. */
function receiptOf(receipts: readonly Receipt[]): Receipt {
  return {
    logstore: receipts[0]?.logstore ?? '',
    logs: receipts.reduce((sum, { logs }) => sum + logs, 0),
    spooled: receipts.reduce((sum, { spooled }) => sum + spooled, 0),
    bytes: receipts.reduce((sum, { bytes }) => sum + bytes, 0),
    requestIds: [...new Set(receipts.flatMap(({ requestIds }) => requestIds))],
    attempts: receipts.reduce((most, { attempts }) => Math.max(most, attempts), 0)
  }
}
