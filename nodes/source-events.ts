import { reasonText } from '../engine/source/reason'
import type { SlsSource } from '../engine/source/source'
import { errorFacts } from './node-error'
import type { NodeMessage } from './node-red'

/**
 * Sends what the source meets as messages: `msg.topic` names the event, `msg.payload` says which logstore and shard and
 * what happened, in plain JSON.
 */
export function sendSourceEvents(
  source: SlsSource,
  project: string,
  send: (message: NodeMessage) => void
): void {
  const tell = (event: string, facts: object) =>
    send({ topic: event, payload: { event, project, time: Date.now(), ...facts } })

  source.on('shards', (facts) => tell('shards', facts))
  source.on('lost', (facts) => tell('lost', facts))
  source.on('start', (facts) => tell('start', facts))
  source.on('finished', (facts) => tell('finished', facts))
  source.on('skipped', (facts) => tell('skipped', facts))
  source.on('gap', (facts) => tell('gap', facts))
  source.on('lag', (facts) => tell('lag', facts))
  source.on('stalled', (facts) => tell('stalled', facts))
  source.on('held', (facts) => tell('held', facts))
  source.on('overdue', (facts) => tell('overdue', facts))
  source.on('stopped', ({ error, ...facts }) => tell('stopped', { ...facts, error: errorFacts(error) }))
  source.on('poison', ({ logstore, shard, cursor, index, refusals, stopped, error, reason }) =>
    tell('poison', {
      logstore,
      shard,
      cursor,
      index,
      refusals,
      stopped,
      error: errorFacts(error),
      reason: reasonText(reason)
    })
  )
  source.on('error', ({ error, ...facts }) => tell('error', { ...facts, error: errorFacts(error) }))
  source.on('recovered', ({ error, ...facts }) => tell('recovered', { ...facts, error: errorFacts(error) }))
  source.on('done', () => tell('done', {}))
}
