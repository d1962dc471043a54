import { type Credentials, checkedCredentials } from './access-key'
import { CallScope } from './call-scope'
import { projectAuthority } from './endpoint'
import { SlsError } from './errors'
import { type HttpResponse, HttpTransport } from './http-transport'
import type { CheckedOptions } from './options'
import { ServiceClock } from './service-clock'
import { isClockError, requestIdOf, serviceError } from './service-error'
import type { CallSubject } from './service-hints'
import { signV1 } from './sign-v1'
import { SignerV4 } from './sign-v4'
import { type QueryParameter, requestTarget, type SignableRequest } from './signable-request'

/** One call as the resources describe it. */
export interface ServiceCall extends Omit<CallSubject, 'project'> {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly query?: readonly QueryParameter[]
  /** Names in lower case; those that every call has are added. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Bytes; 8 MiB where not given. */
  readonly maxResponseSize?: number
}

/** An answer of the service that reports success. */
export interface ServiceResponse extends HttpResponse {
  /** Name of the call, for messages. */
  readonly api: string
  readonly requestId: string
}

export interface ClientStats {
  calls: number
  inFlight: number
  /** Failed calls by error code. */
  errors: Record<string, number>
  /** Bytes of bodies as they go over the wire. */
  bytesSent: number
  bytesReceived: number
  openSockets: number
  idleSockets: number
  /** Milliseconds that the service's clock is ahead of this machine's; 0 where they agree within a minute. */
  clockOffset: number
}

const defaultMaxResponseSize = 8 * 1024 * 1024

/** Signs calls, sends them and tells success from failure; every call is made once. */
export class SignedCaller {
  readonly clock: ServiceClock
  readonly #options: CheckedOptions
  readonly #transport: HttpTransport
  readonly #sign: (request: SignableRequest, credentials: Credentials, time: number) => void
  readonly #commonHeaders: Readonly<Record<string, string>>
  readonly #scopes = new Set<CallScope>()
  readonly #errors = new Map<string, number>()
  #calls = 0
  #closed: boolean = false

  constructor(options: CheckedOptions) {
    this.#options = options
    this.clock = new ServiceClock(options.clock, options.onClockSkew)
    this.#transport = new HttpTransport(options)
    if (options.signatureVersion === 'v4') {
      const signer = new SignerV4(options.region ?? '')
      this.#sign = signer.sign.bind(signer)
    } else {
      this.#sign = signV1
    }
    this.#commonHeaders = {
      host: projectAuthority(options.endpoint, options.project),
      'user-agent': options.userAgent,
      'x-log-apiversion': '0.6.0',
      'x-log-bodyrawsize': '0'
    }
  }

  /**
   * @param read makes the result of the answer; what it throws is the call's failure.
   * @throws SlsError always.
   */
  async call<T>(
    call: ServiceCall,
    signal: AbortSignal | undefined,
    read: (response: ServiceResponse) => T | Promise<T>
  ): Promise<T> {
    if (this.#closed) throw closedError()
    const scope = new CallScope(call.api, this.#options.requestTimeout, signal)
    this.#scopes.add(scope)
    this.#calls++
    try {
      return await read(await this.#exchange(call, scope))
    } catch (error) {
      const failure = asSlsError(call.api, error)
      this.#errors.set(failure.code, (this.#errors.get(failure.code) ?? 0) + 1)
      throw failure
    } finally {
      scope.end()
      this.#scopes.delete(scope)
    }
  }

  stats(): ClientStats {
    const { open, idle } = this.#transport.sockets()
    return {
      calls: this.#calls,
      inFlight: this.#scopes.size,
      errors: Object.fromEntries(this.#errors),
      bytesSent: this.#transport.bytesSent,
      bytesReceived: this.#transport.bytesReceived,
      openSockets: open,
      idleSockets: idle,
      clockOffset: this.clock.offset
    }
  }

  /** Calls in flight and all later ones fail with `Closed`. */
  close(): void {
    this.#closed = true
    for (const scope of this.#scopes) scope.cancel(closedError())
    this.#transport.close()
  }

  async #exchange(call: ServiceCall, scope: CallScope): Promise<ServiceResponse> {
    scope.throwIfCancelled()
    const credentials = await this.#credentials(scope)
    const { method, path, query = [], body } = call
    const headers: Record<string, string | undefined> = { ...this.#commonHeaders, ...call.headers }
    this.#sign({ method, path, query, headers, body }, credentials, this.clock.now())
    const response = await this.#transport.send(
      {
        name: call.api,
        method,
        target: requestTarget(path, query),
        headers,
        body,
        maxResponseSize: call.maxResponseSize ?? defaultMaxResponseSize
      },
      scope
    )
    const requestId = requestIdOf(response)
    if (requestId !== undefined) this.clock.learn(response.headers, false)
    if (response.status >= 200 && response.status < 300 && requestId !== undefined) {
      return { ...response, api: call.api, requestId }
    }
    throw this.#refusal(call, response, credentials)
  }

  async #credentials(scope: CallScope): Promise<Credentials> {
    try {
      return checkedCredentials(await scope.race(this.#options.credentials.getCredentials()))
    } catch (error) {
      if (error instanceof SlsError && error.code !== 'InvalidOption') throw error
      // Without the message or cause of a foreign provider, which may quote a secret.
      const reason = error instanceof SlsError ? `: ${error.message}` : ''
      throw new SlsError('CredentialsUnavailable', `The credentials provider gave no credentials${reason}`, {
        retryability: 'ordinary'
      })
    }
  }

  #refusal(call: ServiceCall, response: HttpResponse, credentials: Credentials): SlsError {
    const secrets = [credentials.accessKeySecret, credentials.securityToken]
    if (response.status >= 200 && response.status < 300) {
      return new SlsError(
        'BadResponse',
        `${call.api}: the answer bears no request id, so it is not one of the service`,
        {
          status: response.status,
          retryability: 'transient',
          hint: 'Check the endpoint, and whether a gateway or a log-in page stands before it'
        }
      )
    }
    const error = serviceError(response, { ...call, project: this.#options.project }, secrets)
    if (isClockError(error)) this.clock.learn(response.headers, true)
    if (response.status === 401) this.#options.credentials.refused?.(credentials)
    return error
  }
}

function closedError(): SlsError {
  return new SlsError('Closed', 'The client is closed')
}

function asSlsError(api: string, error: unknown): SlsError {
  if (error instanceof SlsError) return error
  return new SlsError('BadResponse', `${api}: the answer could not be read`, {
    retryability: 'transient',
    cause: error
  })
}
