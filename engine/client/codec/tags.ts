/** Field tags (number and wire type) of the service's proto2 schema, as its SDKs declare it. */
export const LIST_GROUP = 0x0a
export const GROUP_LOG = 0x0a
export const GROUP_TOPIC = 0x1a
export const GROUP_SOURCE = 0x22
export const GROUP_TAG = 0x32
export const LOG_TIME = 0x08
export const LOG_CONTENT = 0x12
/** Time_ns is a fixed32, not a varint. */
export const LOG_TIME_NS = 0x25
export const PAIR_KEY = 0x0a
export const PAIR_VALUE = 0x12
