import type { JsonataExpression, Node, NodeMessage, NodeRed } from './node-red'

/** Evaluates one typed input for a message; a promise only where its kind cannot be had at once. */
export type TypedValue = (message: NodeMessage) => unknown

/**
 * Prepares a typed input once, so that a message costs as little as its kind allows: constants and plain message
 * paths are synchronous, context stores and JSONata give a promise.
 * @throws Error where the value is malformed (JSON, JSONata, a path).
 */
export function typedValue(RED: NodeRed, node: Node, value: string, type: string): TypedValue {
  switch (type) {
    case 'str':
      return () => value
    case 'num': {
      const number = Number(value)
      if (value.trim() === '' || Number.isNaN(number)) throw new Error(`${value} is not a number`)
      return () => number
    }
    case 'bool': {
      const flag = /^true$/i.test(value)
      return () => flag
    }
    case 'json': {
      JSON.parse(value)
      return () => JSON.parse(value) as unknown
    }
    case 'msg':
      return messagePath(RED, value)
    case 'jsonata': {
      const expression = compiled(RED, node, value)
      return (message) =>
        promised((callback) => RED.util.evaluateJSONataExpression(expression, message, callback))
    }
    case 'flow':
    case 'global':
      RED.util.normalisePropertyExpression(value)
      return (message) =>
        promised((callback) => RED.util.evaluateNodeProperty(value, type, node, message, callback))
    case 'env':
    case 'date':
      return (message) => RED.util.evaluateNodeProperty(value, type, node, message)
    default:
      throw new Error(`${type} is not a kind of value`)
  }
}

function compiled(RED: NodeRed, node: Node, expression: string): JsonataExpression {
  try {
    return RED.util.prepareJSONataExpression(expression, node)
  } catch (error) {
    throw asError(error)
  }
}

function messagePath(RED: NodeRed, path: string): TypedValue {
  if (path === '') return (message) => message
  if (/^[A-Za-z_$][\w$]*$/.test(path)) return (message) => message[path]
  RED.util.normalisePropertyExpression(path)
  return (message) => {
    try {
      return RED.util.getMessageProperty(message, path)
    } catch {
      return undefined // a part of the path is missing
    }
  }
}

function promised(start: (callback: (error: unknown, value?: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === undefined || error === null) resolve(value)
      else reject(asError(error))
    })
  })
}

/** JSONata gives its errors as plain objects. */
function asError(error: unknown): Error {
  if (error instanceof Error) return error
  const told = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
  return new Error(String(told))
}
