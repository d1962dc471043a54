/** An answer that refuses a call: HTTP status, the service's `errorCode` and `errorMessage`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'

  constructor(
    readonly status: number,
    readonly code: string,
    message: string
  ) {
    super(message)
  }

  /** The body as the service writes it; the request id travels in a header only. */
  toBody(): { errorCode: string; errorMessage: string } {
    return { errorCode: this.code, errorMessage: this.message }
  }
}

export function parameterInvalid(message: string): ServiceError {
  return new ServiceError(400, 'ParameterInvalid', message)
}

export function postBodyInvalid(message: string): ServiceError {
  return new ServiceError(400, 'PostBodyInvalid', message)
}

export function projectNotExist(name: string): ServiceError {
  return new ServiceError(404, 'ProjectNotExist', `The Project does not exist : ${name}`)
}

export function logstoreNotExist(name: string): ServiceError {
  return new ServiceError(404, 'LogStoreNotExist', `logstore ${name} does not exist`)
}

export function consumerGroupNotExist(name: string): ServiceError {
  return new ServiceError(404, 'ConsumerGroupNotExist', `consumer group ${name} does not exist`)
}

export function invalidCursor(cursor: string): ServiceError {
  return new ServiceError(400, 'InvalidCursor', `Invalid cursor ${cursor}`)
}
