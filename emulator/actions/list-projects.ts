import { jsonReply } from '../http/reply'
import { compareText } from '../text-order'
import type { Action } from './call'

export const listProjects: Action = ({ account, query }) => {
  const filter = query.text('projectName') ?? ''
  const resourceGroup = query.text('resourceGroupId')
  const description = query.text('description') ?? ''
  const offset = query.integer('offset', 0, 1_000_000) ?? 0
  const size = query.integer('size', 0, 500) ?? 100
  const projects = [...account.projects.values()]
    .filter(({ name }) => name.includes(filter))
    .filter(({ settings }) => resourceGroup === undefined || settings['resourceGroupId'] === resourceGroup)
    .filter(({ settings }) => settings.description.includes(description))
    .sort((a, b) => compareText(a.name, b.name))
  const page = projects.slice(offset, offset + size)
  return jsonReply({
    count: page.length,
    total: projects.length,
    projects: page.map((project) => project.describe())
  })
}
