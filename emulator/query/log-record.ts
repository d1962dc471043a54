import type { Content, Log, LogGroupView } from '../../engine/client/codec/log-group-list'

/** One log as queries see it: its own fields, and those of its group under the service's reserved names. */
export interface LogRecord {
  /** Unix seconds. */
  time: number
  timeNs: number | undefined
  /** The log's own fields, in order. */
  fields: Map<string, string>
  /** `__topic__`, `__source__`, `__tag__:...`. */
  group: ReadonlyMap<string, string>
}

/** The logs of a group as records. */
export function recordsOf(view: LogGroupView): LogRecord[] {
  const group = new Map<string, string>([
    ['__topic__', view.topic],
    ['__source__', view.source],
    ...view.tags.map(([key, value]: Content): [string, string] => [`__tag__:${key}`, value])
  ])
  return view
    .logs()
    .map(({ time, timeNs, contents }: Log) => ({ time, timeNs, fields: new Map(contents), group }))
}

/** The value of a field by its name; undefined where the log has none. */
export function fieldOf(record: LogRecord, name: string): string | undefined {
  if (name === '__time__') return String(record.time)
  return record.fields.get(name) ?? record.group.get(name)
}

/** As queries answer it: every value text, reserved fields first. */
export function flatten({ time, timeNs, fields, group }: LogRecord): Record<string, string> {
  return Object.fromEntries([
    ['__time__', String(time)],
    ...(timeNs === undefined ? [] : [['__time_ns_part__', String(timeNs)]]),
    ...group,
    ...fields
  ])
}
