import { SlsError } from '../engine/client/errors'

/**
 * An error in the form that Node-RED hands on whole: Catch nodes get the text, `code` and `cause`, and no other
 * property. The text therefore bears the facts of an SlsError (HTTP status, request id, attempts, what to do).
 */
export interface NodeError extends Error {
  code: string
  cause: Readonly<Record<string, unknown>>
}

export function toNodeError(reason: unknown): NodeError {
  if (!(reason instanceof SlsError)) {
    const error = reason instanceof Error ? reason : new Error(String(reason))
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'Unexpected'
    return Object.assign(new Error(error.message), { name: error.name, code, cause: {} })
  }
  const text = reason.describe()
  const prefix = `${reason.code}: `
  const error = new Error(text.startsWith(prefix) ? text.slice(prefix.length) : text)
  return Object.assign(error, { name: reason.code, code: reason.code, cause: errorFacts(reason) })
}

/** The facts of an error as plain JSON. */
export function errorFacts(error: SlsError): Record<string, unknown> {
  const { code, message, status, requestId, attempts, retryability, hint, field } = error
  return Object.fromEntries(
    Object.entries({ code, message, status, requestId, attempts, retryability, hint, field }).filter(
      ([, value]) => value !== undefined
    )
  )
}
