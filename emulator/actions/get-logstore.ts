import { jsonReply } from '../http/reply'
import type { Action } from './call'

export const getLogstore: Action = ({ logstore }) => jsonReply(logstore.describe())
