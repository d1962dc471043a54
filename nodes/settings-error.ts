import { SlsError } from '../engine/client/errors'
import type { NodeRed } from './node-red'
import { describeIssue, type PropertyIssue } from './properties'

/** All that is wrong with a node's properties as one error; its `field` is the first property. */
export function settingsError(issues: readonly PropertyIssue[], catalogue: string, RED: NodeRed): SlsError {
  const text = issues.map((issue) => describeIssue(issue, catalogue, (key, values) => RED._(key, values)))
  return new SlsError('InvalidOption', text.join('; '), { field: issues[0]?.property })
}
