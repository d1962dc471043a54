// The transport of @alicloud/sls20201230: its client's `execute`, signed and sent as by its own methods. Those for
// PutLogs and PullLogs cannot carry a log group as published, so bytes go in and come out here.
import dns from 'node:dns'
import { createRequire } from 'node:module'
import { require } from '../paths.mjs'
import { toLocal } from './posting.mjs'

const sdk = require('@alicloud/sls20201230')
const inside = createRequire(require.resolve('@alicloud/sls20201230'))
const { $OpenApiUtil } = inside('@alicloud/openapi-core')
const { RuntimeOptions } = inside('@darabonba/typescript')

export function openapiTransport({ endpoint, credentials }) {
  Object.assign(dns, { lookup: toLocal })
  const key = { ...credentials, regionId: 'cn-hangzhou', signatureVersion: 'v4' }
  const config = new $OpenApiUtil.Config({ ...key, endpoint: new URL(endpoint).host, protocol: 'http' })
  const client = new sdk.default(config)
  const runtime = new RuntimeOptions({})
  const call = (parameters, request) =>
    client.execute(
      new $OpenApiUtil.Params({
        version: '2020-12-30',
        protocol: 'HTTP',
        authType: 'AK',
        style: 'ROA',
        ...parameters
      }),
      new $OpenApiUtil.OpenApiRequest({ hostMap: { project: 'demo' }, ...request }),
      runtime
    )
  return {
    putLogs: (logstore, body, rawSize) =>
      call(
        {
          action: 'PutLogs',
          pathname: `/logstores/${logstore}/shards/lb`,
          method: 'POST',
          reqBodyType: 'binary',
          bodyType: 'none'
        },
        {
          headers: {
            'content-type': 'application/x-protobuf',
            'x-log-compresstype': 'lz4',
            'x-log-bodyrawsize': String(rawSize)
          },
          body
        }
      ),
    pullLogs: async (logstore, shard, cursor, count) => {
      const { body, headers } = await call(
        {
          action: 'PullLogs',
          pathname: `/logstores/${logstore}/shards/${shard}`,
          method: 'GET',
          reqBodyType: 'none',
          bodyType: 'byte'
        },
        { headers: { 'Accept-Encoding': 'lz4' }, query: { type: 'log', cursor, count: String(count) } }
      )
      return { body, next: headers['x-log-cursor'] }
    }
  }
}
