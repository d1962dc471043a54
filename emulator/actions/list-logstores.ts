import { jsonReply } from '../http/reply'
import { compareText } from '../text-order'
import type { Action } from './call'

/** Names in order, a page of them, with a substring filter. */
export const listLogstores: Action = ({ project, query }) => {
  const filter = query.text('logstoreName') ?? ''
  const offset = query.integer('offset', 0, 1_000_000) ?? 0
  const size = query.integer('size', 0, 500) ?? 200
  const type = query.text('telemetryType')
  const mode = query.text('mode')
  const names = [...project.logstores.values()]
    .filter(({ settings }) => type === undefined || type === (settings['telemetryType'] || 'None'))
    .filter(({ settings }) => mode === undefined || mode === settings['mode'])
    .map(({ name }) => name)
    .filter((name) => name.includes(filter))
    .sort(compareText)
  const page = names.slice(offset, offset + size)
  return jsonReply({ count: page.length, total: names.length, logstores: page })
}
