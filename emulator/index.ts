export type { EmulatorOptions } from './options'
export { SlsEmulator } from './server'
export type { CallStats, ConsumerGroupStats, EmulatorStats, LogstoreStats, ShardStats } from './stats'
