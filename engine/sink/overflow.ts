import type { OverflowName } from './options'

/** wait: for room; refuse: the write fails at once; tryAgain: room was made. */
export type OverflowDecision = 'wait' | 'refuse' | 'tryAgain'

/** A write for which there is no room. */
export interface RoomRequest {
  /** Bytes it takes of an empty buffer. */
  readonly need: number
  fits(): boolean
}

/** What a write meets when the buffer is full. */
export interface OverflowPolicy {
  onFull(request: RoomRequest): OverflowDecision
}

/** Where the policy that drops gets its room from. */
export interface DroppableBuffer {
  /** Bytes that are free or in batches that no call is out for. */
  readonly attainable: number
  /** False when there is nothing to drop. */
  dropOldest(): boolean
}

export function overflowPolicy(
  name: OverflowName,
  maxBlock: number,
  buffer: DroppableBuffer
): OverflowPolicy {
  switch (name) {
    case 'wait':
    case 'spool':
      return { onFull: () => (maxBlock === 0 ? 'refuse' : 'wait') }
    case 'reject':
      return { onFull: () => 'refuse' }
    case 'dropOldest':
      return { onFull: (request) => makeRoom(request, buffer) }
  }
}

function makeRoom(request: RoomRequest, buffer: DroppableBuffer): OverflowDecision {
  if (buffer.attainable < request.need) return 'refuse'
  while (!request.fits()) if (!buffer.dropOldest()) return 'refuse'
  return 'tryAgain'
}
