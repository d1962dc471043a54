import type { ConsumerGroup } from '../engine/client/model'
import type { LossReason } from '../engine/source/events'
import type { SlsSource } from '../engine/source/source'
import { errorFacts, toNodeError } from './node-error'
import type { Node } from './node-red'
import { poisonMessage } from './poison-message'

/**
 * Tells the flow and the log what the source meets: errors that somebody should look at go to Catch nodes once an
 * episode, what is over or routine to the log.
 */
export function reportSource(source: SlsSource, node: Node, project: string): void {
  const failingCommits = new Set<string>()

  source.on('error', ({ error, api, logstore, shard }) => {
    node.error(toNodeError(error), {
      topic: logstore ?? '',
      sls: { project, logstore, shard, api, ...errorFacts(error) }
    })
  })
  source.on('recovered', ({ error, logstore, shard, duration }) => {
    node.log(`${placeName(logstore, shard)}recovered from ${error.code} after ${seconds(duration)}`)
  })
  source.on('skipped', ({ logstore, shard, policy, from, to, groups, seconds: span }) => {
    const loss = [
      groups === undefined ? '' : `about ${groups} log ${groups === 1 ? 'group' : 'groups'}`,
      span === undefined ? '' : `${Math.round(span)} s`
    ].filter((part) => part !== '')
    const estimate = loss.length === 0 ? 'an unknown amount' : loss.join(', ')
    const course = policy === 'fail' ? 'is not read, and the shard is stopped' : 'could not be read'
    const text = `The cursor of shard ${shard} of ${logstore} is no longer valid: ${estimate} ${course}`
    const error = Object.assign(new Error(text), { name: 'InvalidCursor', code: 'InvalidCursor' })
    node.error(error, {
      topic: logstore,
      sls: { project, logstore, shard, code: 'InvalidCursor', policy, from, to, groups, seconds: span }
    })
  })
  source.on('poison', (poison) => node.error(toNodeError(poison.error), poisonMessage(poison, project)))
  source.on('gap', ({ logstore, shard, from, to, groups }) => {
    node.warn(
      `${placeName(logstore, shard)}no log group at ${groups} of the positions between ${from} and ${to}: possible loss`
    )
  })
  source.on('stopped', ({ logstore, shard, cursor, error }) => {
    node.warn(`${placeName(logstore, shard)}stopped at ${cursor}: ${error.describe()}`)
  })
  source.on('stalled', ({ logstore, shard, duration }) => {
    node.warn(`${placeName(logstore, shard)}a fetch hung for ${seconds(duration)}; reading is taken up anew`)
  })
  source.on('held', ({ duration, held, limit, inFlight }) => {
    node.warn(
      `the flow has taken nothing for ${seconds(duration)}: ${held} of ${limit} bytes held, ${inFlight} in flight`
    )
  })
  source.on('overdue', ({ logstore, shard, cursor, deliveries }) => {
    node.debug(`${placeName(logstore, shard)}delivery ${deliveries} of ${cursor} not acknowledged in time`)
  })
  source.on('commitFailed', ({ logstore, shard, error, delay }) => {
    const place = `${logstore}/${shard}`
    if (failingCommits.has(place)) return
    failingCommits.add(place)
    node.warn(
      `${placeName(logstore, shard)}checkpoint not committed, next try in ${seconds(delay)}: ${error.describe()}`
    )
  })
  source.on('commit', ({ logstore, shard }) => {
    if (failingCommits.delete(`${logstore}/${shard}`)) {
      node.log(`${placeName(logstore, shard)}checkpoint committed again`)
    }
  })
  source.on('shards', ({ logstore, owned }) => {
    node.log(
      `${placeName(logstore)}reading ${owned.length === 0 ? 'no shard' : `shards: ${owned.join(', ')}`}`
    )
  })
  source.on('lost', ({ logstore, shards, reason }) => {
    node.warn(`${placeName(logstore)}lost shards ${shards.join(', ')}: ${losses[reason]}`)
  })
  source.on('groupDiffers', ({ logstore, group, wanted }) => {
    node.warn(
      `${placeName(logstore)}the consumer group ${group.name} has ${describeGroup(group)}, not ${describeGroup(wanted)}`
    )
  })
  source.on('start', ({ logstore, shard, cursor, origin }) => {
    node.debug(`${placeName(logstore, shard)}starting at ${cursor} (${origin})`)
  })
  source.on('finished', ({ logstore, shard, reason }) => {
    node.log(`${placeName(logstore, shard)}finished (${reason})`)
  })
  source.on('redelivery', ({ logstore, shard, deliveries, delay }) => {
    node.debug(`${placeName(logstore, shard)}delivery ${deliveries} refused, next in ${seconds(delay)}`)
  })
  source.on('retry', ({ error, api, logstore, shard, attempt, delay }) => {
    node.debug(
      `${placeName(logstore, shard)}${api} attempt ${attempt}, next in ${seconds(delay)}: ${error.describe()}`
    )
  })
  source.on('done', () => {
    node.log('stop time reached on all shards')
  })
}

const losses: Record<LossReason, string> = {
  silent: 'no heartbeat was answered for too long, so that another member may read them',
  unknown: 'the service does not know this member any more',
  refused: 'another member has them already'
}

function describeGroup({ timeout, order }: ConsumerGroup): string {
  return `a time-out of ${timeout} s and ${order ? 'order' : 'no order'}`
}

function placeName(logstore: string | undefined, shard?: number): string {
  if (logstore === undefined) return ''
  return shard === undefined ? `${logstore}: ` : `${logstore}/${shard}: `
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`
}
