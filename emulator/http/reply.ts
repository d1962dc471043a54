import type { ServiceError } from '../service-error'

/** What an action answers. Headers that every answer has are added by the server. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const EMPTY = Buffer.alloc(0)

/** 200 without body, and so without a content type: some clients would parse the nothing as JSON. */
export function emptyReply(): Reply {
  return { status: 200, headers: {}, body: EMPTY }
}

export function jsonReply(
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
  status = 200
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value))
  }
}

export function refusal(error: ServiceError): Reply {
  return jsonReply(error.toBody(), {}, error.status)
}

export function protobufReply(body: Buffer, headers: Readonly<Record<string, string>>): Reply {
  return { status: 200, headers: { 'content-type': 'application/x-protobuf', ...headers }, body }
}
