import { SlsError } from '../client/errors'
import { comparable } from '../client/service-hints'

const connectionCodes = new Set(['NetworkError', 'ConnectTimeout', 'RequestTimeout'])

/** What was thrown, as the engine's own error type. */
export function asSlsError(error: unknown): SlsError {
  if (error instanceof SlsError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new SlsError('BadResponse', message, { retryability: 'ordinary', cause: error })
}

/** The service could not be reached: not the fault of the call. */
export function isConnectionError(error: SlsError): boolean {
  return connectionCodes.has(error.code) || (error.status !== undefined && error.status >= 500)
}

/** The documents have `ParameterInvalid` with the text "Invalid cursor", the SDKs test for `InvalidCursor`. */
export function isInvalidCursor(error: SlsError): boolean {
  if (/invalidcursor/i.test(error.code)) return true
  return comparable(error.code) === 'parameterinvalid' && /invalid cursor/i.test(error.message)
}

export function isQuotaExceeded(error: SlsError): boolean {
  return /quota/i.test(error.code) || error.status === 429
}

/** Of the project, not only of one shard. */
export function isProjectQuotaExceeded(error: SlsError): boolean {
  return isQuotaExceeded(error) && !/shard/i.test(error.code)
}

export function isLogstoreAbsent(error: SlsError): boolean {
  return comparable(error.code) === 'logstorenotexist'
}

export function isShardAbsent(error: SlsError): boolean {
  return comparable(error.code) === 'shardnotexist'
}

export function isGroupAbsent(error: SlsError): boolean {
  return comparable(error.code) === 'consumergroupnotexist'
}

export function isGroupPresent(error: SlsError): boolean {
  return comparable(error.code) === 'consumergroupalreadyexist'
}

/** The service does not know the consumer any more: its heartbeats were missing too long. */
export function isConsumerAbsent(error: SlsError): boolean {
  const code = comparable(error.code)
  return code === 'consumernotexist' || code === 'notexistconsumerwithbody'
}

/** The service has given the shard to another consumer. */
export function isConsumerReplaced(error: SlsError): boolean {
  return comparable(error.code) === 'consumernotmatch'
}

export function isDenied(error: SlsError): boolean {
  return error.status === 401 || error.status === 403
}
