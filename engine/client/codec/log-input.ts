import { SlsError } from '../errors'
import type { Content } from '../model'

const MAX_TIME = 0xffff_ffff
const MAX_TIME_NS = 999_999_999
/** Has fields only where someone added them to Object.prototype. */
const noFields = {}

/** What a log is written from: pairs in order, or a record of strings (a field a key, insertion order). */
export interface LogInput {
  /** Unix seconds, 0..4294967295. */
  time: number
  /** Nanoseconds within the second, 0..999999999. */
  timeNs?: number | undefined
  contents: readonly Content[] | Readonly<Record<string, string>>
}

/** Of what is no log at all, too. */
export function assertLogTime(log: LogInput): void {
  if (typeof log !== 'object' || log === null)
    throw invalidLog('logs', 'a log must be an object of time and contents')
  const { time, timeNs } = log
  if (!(Number.isInteger(time) && time >= 0 && time <= MAX_TIME)) {
    throw invalidLog('time', `time must be Unix seconds, a whole number from 0 to ${MAX_TIME}`)
  }
  if (timeNs !== undefined && !(Number.isInteger(timeNs) && timeNs >= 0 && timeNs <= MAX_TIME_NS)) {
    throw invalidLog('timeNs', `timeNs must be a whole number of nanoseconds from 0 to ${MAX_TIME_NS}`)
  }
}

export function isPairs(contents: LogInput['contents']): contents is readonly Content[] {
  return Array.isArray(contents)
}

/** True where a loop over the record might meet fields that are not its own. */
export function inheritsFields(record: object): boolean {
  for (const _ in noFields) return true
  const prototype: object | null = Object.getPrototypeOf(record)
  return prototype !== Object.prototype && prototype !== null && !isObjectPrototype(prototype)
}

/** Also that of another realm: what a Function node of Node-RED makes has one. */
function isObjectPrototype(prototype: object): boolean {
  if (Object.getPrototypeOf(prototype) !== null || !Object.hasOwn(prototype, 'hasOwnProperty')) return false
  for (const _ in prototype) return false
  return true
}

export function notText(key: string, value: unknown): SlsError {
  return invalidLog(
    key,
    `the value of field ${JSON.stringify(key)} must be a string, it is ${typeName(value)}`
  )
}

export function notPair(index: number, list = 'contents'): SlsError {
  return invalidLog(`${list}[${index}]`, `${list}[${index}] must be a pair of strings: [key, value]`)
}

export function notTags(): SlsError {
  return invalidLog('tags', 'tags must be pairs of strings: [key, value]')
}

/** For contents without a field of their own: a Map, a Date and others hold something that would be lost. */
export function assertRecord(contents: object): void {
  const kind = Object.prototype.toString.call(contents).slice(8, -1)
  if (kind === 'Object') return
  throw invalidLog('contents', `contents must be an object or an array of pairs, it is a ${kind}`)
}

export function assertText(field: string, text: unknown): asserts text is string {
  if (typeof text !== 'string') throw invalidLog(field, `${field} must be text, it is ${typeName(text)}`)
}

export function assertContents(contents: unknown): void {
  if (typeof contents === 'object' && contents !== null) return
  throw invalidLog('contents', `contents must be an object or an array of pairs, it is ${typeName(contents)}`)
}

function invalidLog(field: string, message: string): SlsError {
  return new SlsError('InvalidLog', message, { field })
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}
