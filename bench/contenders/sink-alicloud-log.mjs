// @alicloud/log: postLogStoreLogs, groups of 2,000, not compressed, as it is published.
import { dataSets } from '../data.mjs'
import { require, root } from '../paths.mjs'
import { localAgent, postAll } from '../peers/posting.mjs'

const Sdk = require('@alicloud/log')

export async function open({ connection }) {
  const { credentials, endpoint } = connection
  const sdk = new Sdk({ ...credentials, endpoint: new URL(endpoint).host })
  const agent = localAgent()
  const groups = {}
  return {
    async write({ data, logs, logstore = data }) {
      const { records, times } = dataSets(root, 2000)[data]
      groups[data] ??= records.map((content, index) => ({ content, timestamp: times[index] }))
      const group = { logs: groups[data], topic: 'bench', source: '10.0.0.1' }
      return postAll(logs, () => sdk.postLogStoreLogs('demo', logstore, group, { agent }))
    }
  }
}
