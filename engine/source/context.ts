import type { ShardAssigner } from './assignment'
import type { Checkpoints } from './checkpoints'
import type { Commits } from './commits'
import type { Condition } from './condition'
import type { ConsumerGroupPlace } from './consumer-group'
import type { Damages } from './damages'
import type { SourceEmitter } from './events'
import type { Fetched } from './fetched'
import type { GroupMembership } from './group-membership'
import type { HandOver } from './hand-over'
import type { MemoryGate } from './memory-gate'
import type { SourceSettings } from './options'
import type { PersistentCalls } from './persistent-calls'
import type { Progress } from './progress'
import type { PullLimiter } from './pull-limiter'
import type { PulledBodies } from './pulled-bodies'
import type { SourceClient } from './source-client'
import type { Totals } from './totals'

/** What the parts of one source share. */
export interface SourceContext {
  readonly client: SourceClient
  readonly settings: SourceSettings
  /** Unix milliseconds by the service's clock, which decides when something was received. */
  readonly serviceTime: () => number
  readonly assigner: ShardAssigner
  /** Undefined where the consumer group does not assign. */
  readonly membership: GroupMembership | undefined
  readonly emitter: SourceEmitter
  readonly calls: PersistentCalls
  readonly gate: MemoryGate
  readonly bodies: PulledBodies
  readonly pulls: PullLimiter
  readonly handOver: HandOver<Fetched>
  readonly damages: Damages
  readonly totals: Totals
  readonly progress: Progress
  readonly checkpoints: Checkpoints
  /** Where reading may resume; undefined without a consumer group. */
  readonly group: ConsumerGroupPlace | undefined
  /** Undefined where nothing is committed. */
  readonly commits: Commits | undefined
  /** Something changed that a shard may be waiting for: a parent's end, an acknowledgement, pause and resume. */
  readonly changed: Condition
}
