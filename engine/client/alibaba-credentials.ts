import { type Credentials, type CredentialsProvider, checkedCredentials } from './access-key'
import { SlsError } from './errors'
import { redact } from './redact'

/** The part of `@alicloud/credentials` that is used. */
interface CredentialLibrary {
  default: new (config?: unknown) => { getCredential(): Promise<Partial<Record<keyof Credentials, unknown>>> }
  Config: new (config: Record<string, unknown>) => unknown
}
type LibraryClient = InstanceType<CredentialLibrary['default']>

/** Milliseconds between two fresh starts after refusals, so that a wrong key does not hammer the credential source. */
const refusalInterval = 10_000

/**
 * Credentials through the official `@alicloud/credentials`, which keeps and renews sessions itself. Requests that
 * arrive while it is asking wait for the same answer.
 */
export class AlibabaCredentialsProvider implements CredentialsProvider {
  readonly #type: string
  readonly #config: Record<string, unknown> | undefined
  readonly #secrets: readonly (string | undefined)[]
  readonly #clock: () => number
  #client: LibraryClient | undefined
  #pending: Promise<Credentials> | undefined
  #refusedAt = Number.NEGATIVE_INFINITY

  /**
   * @param config the library's own; undefined for its default chain.
   * @param secrets what must never show in an error.
   * @param clock Unix milliseconds.
   */
  constructor(
    type: string,
    config: Record<string, unknown> | undefined,
    secrets: readonly (string | undefined)[] = [],
    clock: () => number = Date.now
  ) {
    this.#type = type
    this.#config =
      config && Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
    this.#secrets = secrets
    this.#clock = clock
  }

  getCredentials(): Promise<Credentials> {
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  refused(): void {
    if (this.#clock() - this.#refusedAt < refusalInterval) return
    this.#refusedAt = this.#clock()
    this.#client = undefined
  }

  async #ask(): Promise<Credentials> {
    try {
      this.#client ??= this.#createClient()
      return checkedCredentials(await this.#client.getCredential())
    } catch (error) {
      // The default chain asks only its last provider again after a failure, so a chain that failed is not kept.
      if (this.#config === undefined) this.#client = undefined
      throw this.#unavailable(error)
    }
  }

  #createClient(): LibraryClient {
    const library: CredentialLibrary = require('@alicloud/credentials')
    return new library.default(this.#config && new library.Config(this.#config))
  }

  /** Without `cause`, which may quote a secret just as its message may. */
  #unavailable(error: unknown): SlsError {
    const message = error instanceof Error ? error.message : String(error)
    return new SlsError(
      'CredentialsUnavailable',
      `No credentials of type ${this.#type}: ${redact(withoutQuotes(message), this.#secrets)}`,
      { retryability: 'ordinary', hint: hints[this.#type] }
    )
  }
}

/** The library's message up to where it quotes an answer, a signed text or the query of a URL. */
function withoutQuotes(message: string): string {
  return message
    .replace(/(parse failed|unmarshal fail|string to sign).*$/s, '$1')
    .replace(/[,:]?\s*\b(?:result|message)\b\s*[:=].*$/s, '')
    .replace(/(https?:\/\/)[^\s/?#]*@/g, '$1')
    .replace(/[?#]\S*/g, '')
}

const hints: Readonly<Record<string, string | undefined>> = {
  ramRole: 'Check the role ARN, and that the access key may assume the role (sts:AssumeRole)',
  ecsRamRole: 'This works only on an ECS instance to which a RAM role is attached',
  oidc: 'Check the role ARN, the OIDC provider ARN and that the token file can be read',
  uri: 'The URI must answer 200 with JSON: AccessKeyId, AccessKeySecret, SecurityToken, Expiration',
  environment:
    'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or another source that the default chain knows'
}
