import { type CredentialsProvider, checkedCredentials, checkedKey, fixedCredentials } from './access-key'
import { AlibabaCredentialsProvider } from './alibaba-credentials'
import { SlsError } from './errors'
import { checkedObject, checkNames, type OptionNames, optionalText, truth } from './option-checks'

export type { Credentials, CredentialsProvider } from './access-key'

/** Fields of every role that is assumed over STS. */
export interface RoleSession {
  /** `acs:ram::<account>:role/<name>`. */
  roleArn: string
  /** Name of the session in the audit log; made up where not given. */
  roleSessionName?: string | undefined
  /** A RAM policy that narrows the role's rights. */
  policy?: string | undefined
  /** Seconds, at least 900; 3600 where not given. */
  roleSessionExpiration?: number | undefined
  /** Host of the STS service; `sts.aliyuncs.com` where not given. */
  stsEndpoint?: string | undefined
}

export type CredentialConfig =
  | { type: 'accessKey'; accessKeyId: string; accessKeySecret: string }
  | { type: 'sts'; accessKeyId: string; accessKeySecret: string; securityToken: string }
  | ({
      type: 'ramRole'
      accessKeyId: string
      accessKeySecret: string
      securityToken?: string | undefined
      externalId?: string | undefined
    } & RoleSession)
  | { type: 'ecsRamRole'; roleName?: string | undefined; disableIMDSv1?: boolean | undefined }
  | ({ type: 'oidc'; oidcProviderArn: string; oidcTokenFilePath: string } & RoleSession)
  | { type: 'uri'; credentialsURI: string }
  | { type: 'environment' }

export const credentialTypes: readonly CredentialConfig['type'][] = [
  'accessKey',
  'sts',
  'ramRole',
  'ecsRamRole',
  'oidc',
  'uri',
  'environment'
]

const key = { accessKeyId: true, accessKeySecret: true } as const

const session = {
  roleArn: true,
  roleSessionName: true,
  policy: true,
  roleSessionExpiration: true,
  stsEndpoint: true
} as const

const configOptions: {
  readonly [Type in CredentialConfig['type']]: OptionNames<Extract<CredentialConfig, { type: Type }>>
} = {
  accessKey: { type: true, ...key },
  sts: { type: true, ...key, securityToken: true },
  ramRole: { type: true, ...key, securityToken: true, externalId: true, ...session },
  ecsRamRole: { type: true, roleName: true, disableIMDSv1: true },
  oidc: { type: true, oidcProviderArn: true, oidcTokenFilePath: true, ...session },
  uri: { type: true, credentialsURI: true },
  environment: { type: true }
}

/**
 * The provider for one way of having credentials. All but `accessKey` and `sts` go through `@alicloud/credentials`,
 * which is loaded at the first request; `environment` is that library's default chain (environment variables, OIDC,
 * the command line tool's and the ini profile, ECS metadata, a credentials URI).
 * @throws SlsError `InvalidOption` naming the field that is missing, wrong, or none of its type.
 */
export function credentialsProvider(config: CredentialConfig): CredentialsProvider {
  const { type } = checkedObject('credentials', config)
  if (typeof type === 'string' && Object.hasOwn(configOptions, type)) checkNames(config, configOptions[type])
  switch (config.type) {
    case 'accessKey':
      return fixedCredentials({
        accessKeyId: config.accessKeyId,
        accessKeySecret: config.accessKeySecret
      })
    case 'sts':
      checkedKey('securityToken', config.securityToken)
      return fixedCredentials(config)
    case 'ramRole':
      return new AlibabaCredentialsProvider(
        'ramRole',
        {
          type: 'ram_role_arn',
          ...checkedCredentials(config),
          ...roleSession(config),
          externalId: optionalText('externalId', config.externalId)
        },
        [config.accessKeySecret, config.securityToken, config.externalId]
      )
    case 'ecsRamRole':
      return new AlibabaCredentialsProvider('ecsRamRole', {
        type: 'ecs_ram_role',
        roleName: optionalText('roleName', config.roleName),
        disableIMDSv1: truth('disableIMDSv1', config.disableIMDSv1 ?? false)
      })
    case 'oidc':
      return new AlibabaCredentialsProvider('oidc', {
        type: 'oidc_role_arn',
        oidcProviderArn: required('oidcProviderArn', config.oidcProviderArn),
        oidcTokenFilePath: required('oidcTokenFilePath', config.oidcTokenFilePath),
        ...roleSession(config)
      })
    case 'uri':
      return new AlibabaCredentialsProvider('uri', {
        type: 'credentials_uri',
        credentialsURI: httpUrl('credentialsURI', config.credentialsURI)
      })
    case 'environment':
      return new AlibabaCredentialsProvider('environment', undefined)
    default:
      throw new SlsError('InvalidOption', `The credential type is not one of ${credentialTypes.join(', ')}`, {
        field: 'credentialType'
      })
  }
}

function roleSession(config: RoleSession): Record<string, unknown> {
  const { roleSessionExpiration } = config
  if (
    roleSessionExpiration !== undefined &&
    !(Number.isInteger(roleSessionExpiration) && roleSessionExpiration >= 900)
  ) {
    throw new SlsError(
      'InvalidOption',
      'roleSessionExpiration must be a whole number of seconds, at least 900',
      {
        field: 'roleSessionExpiration'
      }
    )
  }
  return {
    roleArn: required('roleArn', config.roleArn),
    roleSessionName: optionalText('roleSessionName', config.roleSessionName),
    policy: optionalText('policy', config.policy),
    roleSessionExpiration,
    stsEndpoint: optionalText('stsEndpoint', config.stsEndpoint)
  }
}

function required(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') {
    throw new SlsError('InvalidOption', `${field} is missing`, { field })
  }
  return value.trim()
}

function httpUrl(field: string, value: unknown): string {
  const text = required(field, value)
  if (!/^https?:\/\/[^/]/.test(text) || !URL.canParse(text)) {
    throw new SlsError('InvalidOption', `${field} is not an http or https URL`, { field })
  }
  return text
}
