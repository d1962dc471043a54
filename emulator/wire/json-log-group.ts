import { LogGroupEncoder } from '../../engine/client/codec/log-group-encoder'
import type { Content } from '../../engine/client/codec/log-group-list'
import { postBodyInvalid } from '../service-error'
import { parseJson } from './json-body'

/** A write as JSON, as the Java SDK can send it: `__logs__`, `__topic__`, `__source__`, `__tags__`. */
export function encodeJsonLogGroup(body: Buffer): Buffer {
  const group = asObject(parseJson(body, 'PostBodyInvalid'), 'the body')
  const logs = group['__logs__']
  if (!Array.isArray(logs)) throw postBodyInvalid('__logs__ must be an array')
  const encoder = new LogGroupEncoder({
    topic: asText(group['__topic__'] ?? '', '__topic__'),
    source: asText(group['__source__'] ?? '', '__source__'),
    tags: pairs(asObject(group['__tags__'] ?? {}, '__tags__'))
  })
  for (const entry of logs) {
    const log = asObject(entry, 'an element of __logs__')
    const { __time__: time, __time_ns_part__: timeNs, ...fields } = log
    encoder.append({
      time: asInteger(time, '__time__', 2 ** 32 - 1),
      timeNs: timeNs === undefined ? undefined : asInteger(timeNs, '__time_ns_part__', 999_999_999),
      contents: pairs(fields)
    })
  }
  return encoder.finish()
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw postBodyInvalid(`${name} must be an object`)
  }
  return { ...value }
}

function pairs(object: Record<string, unknown>): Content[] {
  return Object.entries(object).map(([key, value]) => [key, asText(value, key)])
}

function asText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw postBodyInvalid(`${name} must be a string`)
  return value
}

function asInteger(value: unknown, name: string, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw postBodyInvalid(`${name} must be an integer of [0-${max}]`)
  }
  return value
}
