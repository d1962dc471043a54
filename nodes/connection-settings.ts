import { type CredentialConfig, credentialsProvider, credentialTypes } from '../engine/client/credentials'
import { SlsError } from '../engine/client/errors'
import { longestTimer } from '../engine/client/option-checks'
import type { ClientOptions, TlsOptions } from '../engine/client/options'
import type { ProxyOptions } from '../engine/client/proxy-server'
import type { Node, NodeRed } from './node-red'
import { type PropertyIssue, PropertyReader } from './properties'

/** The properties of sls-config, as the editor presents them. */
export const connectionDefaults = {
  name: '',
  endpoint: '',
  project: '',
  region: '',
  signatureVersion: 'auto',
  credentialType: 'accessKey',
  proxy: '',
  tls: '',
  connectTimeout: 10_000,
  requestTimeout: 60_000,
  maxRetries: 5,
  maxRetriesRetryable: 60,
  baseRetryBackoff: 200,
  maxRetryBackoff: 5000,
  userAgent: ''
} as const

/** What Node-RED keeps encrypted beside the flow; `password` fields never return to the editor. */
export const connectionCredentials = {
  accessKeyId: { type: 'text' },
  accessKeySecret: { type: 'password' },
  securityToken: { type: 'password' },
  roleArn: { type: 'text' },
  roleSessionName: { type: 'text' },
  externalId: { type: 'password' },
  stsEndpoint: { type: 'text' },
  roleName: { type: 'text' },
  oidcProviderArn: { type: 'text' },
  oidcTokenFile: { type: 'text' },
  credentialsUri: { type: 'text' }
} as const

type CredentialName = keyof typeof connectionCredentials

const credentialDefaults = Object.fromEntries(
  Object.keys(connectionCredentials).map((name) => [name, ''])
) as Record<CredentialName, string>

type Values = Readonly<Record<string, unknown>>

/**
 * Reads one connection. With `issues` empty the options are complete as far as their form can tell; the client
 * checks the rest.
 * @throws SlsError `InvalidOption` naming a credential that is there but cannot be one
 */
export function readConnection(
  RED: NodeRed,
  definition: Values,
  credentials: Values
): { options: ClientOptions; issues: PropertyIssue[] } {
  const reader = new PropertyReader(definition, connectionDefaults)
  const endpoint = reader.requiredText('endpoint')
  const project = reader.requiredText('project')
  const secrets = new PropertyReader(credentials, credentialDefaults)
  const credentialConfig = readCredentials(reader.choice('credentialType', credentialTypes), secrets)
  const options: ClientOptions = {
    endpoint,
    project,
    region: reader.text('region') || undefined,
    signatureVersion: reader.choice('signatureVersion', ['auto', 'v1', 'v4']),
    credentials: { getCredentials: unavailable },
    connectTimeout: reader.integer('connectTimeout', 1, longestTimer),
    requestTimeout: reader.integer('requestTimeout', 1, longestTimer),
    userAgent: reader.text('userAgent') || undefined,
    proxy: readProxy(RED, reader),
    tls: readTls(RED, reader),
    retry: {
      maxRetries: reader.integer('maxRetries', -1, longestTimer),
      maxRetriesRetryable: reader.integer('maxRetriesRetryable', -1, longestTimer),
      baseRetryBackoff: reader.integer('baseRetryBackoff', 0, longestTimer),
      maxRetryBackoff: reader.integer('maxRetryBackoff', 0, longestTimer)
    }
  }
  const issues = [...reader.issues, ...secrets.issues]
  if (issues.length === 0) options.credentials = provider(credentialConfig)
  return { options, issues }
}

/** What the engine calls otherwise than the dialog does. */
const engineNames: Readonly<Record<string, CredentialName>> = {
  credentialsURI: 'credentialsUri',
  oidcTokenFilePath: 'oidcTokenFile'
}

/** @throws SlsError `InvalidOption` with the property's name in place of the engine's */
function provider(config: CredentialConfig): ClientOptions['credentials'] {
  try {
    return credentialsProvider(config)
  } catch (error) {
    const property = error instanceof SlsError ? engineNames[error.field ?? ''] : undefined
    if (!(error instanceof SlsError) || error.field === undefined || property === undefined) throw error
    const message = error.message.replaceAll(error.field, property)
    throw new SlsError(error.code, message, { field: property, hint: error.hint, cause: error })
  }
}

function unavailable(): Promise<never> {
  return Promise.reject(new SlsError('CredentialsUnavailable', 'The connection is not configured'))
}

type CredentialReader = PropertyReader<Record<CredentialName, string>>

function readCredentials(type: CredentialConfig['type'], reader: CredentialReader): CredentialConfig {
  const key = () => ({
    accessKeyId: reader.requiredText('accessKeyId'),
    accessKeySecret: reader.requiredText('accessKeySecret')
  })
  const role = () => ({
    roleArn: reader.requiredText('roleArn'),
    roleSessionName: reader.text('roleSessionName') || undefined,
    stsEndpoint: reader.text('stsEndpoint') || undefined
  })
  switch (type) {
    case 'accessKey':
      return { type, ...key() }
    case 'sts':
      return { type, ...key(), securityToken: reader.requiredText('securityToken') }
    case 'ramRole':
      return {
        type,
        ...key(),
        ...role(),
        securityToken: reader.text('securityToken') || undefined,
        externalId: reader.text('externalId') || undefined
      }
    case 'ecsRamRole':
      return { type, roleName: reader.text('roleName') || undefined }
    case 'oidc':
      return {
        type,
        ...role(),
        oidcProviderArn: reader.requiredText('oidcProviderArn'),
        oidcTokenFilePath: reader.requiredText('oidcTokenFile')
      }
    case 'uri':
      return { type, credentialsURI: reader.requiredText('credentialsUri') }
    case 'environment':
      return { type }
  }
}

/** What Node-RED's `http proxy` config node keeps. */
interface ProxyNode extends Node {
  url?: string
  noproxy?: readonly string[]
}

function readProxy(
  RED: NodeRed,
  reader: PropertyReader<typeof connectionDefaults>
): ProxyOptions | undefined {
  const id = reader.text('proxy')
  if (id === '') return undefined
  const node = RED.nodes.getNode(id) as ProxyNode | null | undefined
  if (!node?.url) {
    reader.report('proxy', 'missing')
    return undefined
  }
  const text = (name: string) => String(node.credentials?.[name] ?? '') || undefined
  return {
    url: node.url,
    username: text('username'),
    password: text('password'),
    noProxy: Array.isArray(node.noproxy) ? node.noproxy.map(String) : undefined
  }
}

/** What Node-RED's `tls-config` node offers. */
interface TlsNode extends Node {
  valid?: boolean
  addTLSOptions?(options: TlsOptions): TlsOptions
}

function readTls(RED: NodeRed, reader: PropertyReader<typeof connectionDefaults>): TlsOptions | undefined {
  const id = reader.text('tls')
  if (id === '') return undefined
  const node = RED.nodes.getNode(id) as TlsNode | null | undefined
  if (typeof node?.addTLSOptions !== 'function') {
    reader.report('tls', 'missing')
    return undefined
  }
  if (node.valid === false) {
    reader.report('tls', 'invalid')
    return undefined
  }
  const { key, cert, ca, pfx, passphrase, servername, rejectUnauthorized } = node.addTLSOptions({})
  return { key, cert, ca, pfx, passphrase, servername, rejectUnauthorized }
}
