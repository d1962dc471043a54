/** The RAM action that each call needs, as the service documents it. */
export const ramActions = {
  PutLogs: 'log:PostLogStoreLogs',
  PullLogs: 'log:GetCursorOrData',
  GetCursor: 'log:GetCursorOrData',
  GetCursorTime: 'log:GetCursorOrData',
  ListShards: 'log:ListShards',
  ListLogStores: 'log:ListLogStores',
  GetLogStore: 'log:GetLogStore',
  CreateConsumerGroup: 'log:CreateConsumerGroup',
  UpdateConsumerGroup: 'log:UpdateConsumerGroup',
  ListConsumerGroup: 'log:ListConsumerGroup',
  HeartBeat: 'log:ConsumerGroupHeartBeat',
  UpdateCheckPoint: 'log:ConsumerGroupUpdateCheckPoint',
  GetCheckPoint: 'log:GetConsumerGroupCheckPoint'
} as const

export type ApiName = keyof typeof ramActions

/** What a call is about, for messages. */
export interface CallSubject {
  readonly api: ApiName
  readonly project: string
  readonly logstore?: string | undefined
  readonly consumerGroup?: string | undefined
}

/** What the reader of the service's error can do about it; undefined where only waiting helps or nothing is known. */
export function hintFor(code: string, message: string, subject: CallSubject): string | undefined {
  const exact = hints[comparable(code)]
  if (exact !== undefined) return exact(subject, message)
  if (/quotaexceed/i.test(code)) return 'Ask for a higher quota, or delete what is no longer needed'
  return undefined
}

/** Codes are compared without case and with the service's `NotExists` spelt as its `NotExist`. */
export function comparable(code: string): string {
  return code.toLowerCase().replace(/not(?:exists|exsit)$/, 'notexist')
}

const checkKey = () => 'Check the access key id and secret, and that the key is enabled'
const renewToken = () => 'The temporary credentials are over: get new ones'
const checkClock = () =>
  'Check the clock of this machine; the next call is signed with the time of the service'
const lessWriting = () => 'Split the shards of the logstore, or write less'
const lessReading = () => 'Read less often, with larger fetches, or split the shards of the logstore'

const hints: Readonly<Record<string, ((subject: CallSubject, message: string) => string) | undefined>> = {
  unauthorized: grant,
  accessdenied: grant,
  signaturenotmatch: () => 'Check the access key secret, and the region where signature version v4 is used',
  invalidaccesskeyid: checkKey,
  'invalidaccesskeyid.notfound': checkKey,
  missaccesskeyid: checkKey,
  'securitytoken.expired': renewToken,
  securitytokenexpired: renewToken,
  requesttimetooskewed: checkClock,
  requesttimeexpired: checkClock,
  invalidrequesttime: checkClock,
  projectnotexist: (subject) =>
    `Check the project "${subject.project}" and that the endpoint is the one of its region`,
  projectforbidden: (subject) => `The project "${subject.project}" is disabled or overdue: see the console`,
  logstorenotexist: (subject) =>
    `Create the logstore "${subject.logstore ?? ''}" in the project "${subject.project}", or correct its name`,
  logstorewithoutshard: (subject) => `The logstore "${subject.logstore ?? ''}" has no shard that can be used`,
  consumergroupnotexist: (subject) =>
    `Create the consumer group "${subject.consumerGroup ?? ''}" of the logstore "${subject.logstore ?? ''}"`,
  invalidcursor: () => 'The cursor is older than the data that is kept, or was never one of this shard',
  postbodytoolarge: () => 'Write smaller batches',
  postbodyinvalid: () =>
    'One log of the batch is invalid: check its size, its keys and its time (at most 7 days back and 15 minutes ahead)',
  writequotaexceed: lessWriting,
  shardwritequotaexceed: lessWriting,
  readquotaexceed: lessReading,
  shardreadquotaexceed: lessReading
}

/** The service may name action and resource: `denied by sts or ram, action: ..., resource: ...`. */
function grant(subject: CallSubject, message: string): string {
  const action = /\baction:\s*([\w:]+)/.exec(message)?.[1] ?? ramActions[subject.api]
  const resource = /\bresource:\s*([^\s,]+)/.exec(message)?.[1]
  return `Grant the RAM action ${action}${resource === undefined ? '' : ` on ${resource}`} to the access key, and check that the key is valid`
}
