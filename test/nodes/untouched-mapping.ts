import type { Mapping } from '../../nodes/sink-settings'

/** sls-out as it is when dropped on the canvas, with a logstore. */
export const untouchedMapping: Mapping = {
  logstore: 'target',
  fromMessage: false,
  content: (message) => message['payload'],
  contentName: 'msg.payload',
  bytes: 'utf8',
  time: undefined,
  topic: undefined,
  source: undefined,
  tags: undefined,
  hashKey: undefined,
  isPlain: true
}
