import { jsonReply } from '../http/reply'
import type { Action } from './call'

/** A bare array, as all SDKs read it. */
export const listConsumerGroups: Action = ({ logstore }) =>
  jsonReply([...logstore.consumerGroups.values()].map(({ name, settings }) => ({ name, ...settings })))
