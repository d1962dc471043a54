/** Up to this size a loop is cheaper than a call into Node. */
const SHORT = 48

/** Copies `size` bytes between two buffers. */
export function copyBytes(source: Buffer, from: number, target: Buffer, to: number, size: number): void {
  if (size > SHORT) source.copy(target, to, from, from + size)
  else for (let index = 0; index < size; index++) target[to + index] = source[from + index] ?? 0
}

/**
 * Repeats within one buffer what begins `distance` bytes before `to`, up to `size` bytes, which may be more than
 * `distance`: the copy then goes on with what it has written.
 */
export function repeatBytes(buffer: Buffer, to: number, distance: number, size: number): void {
  if (size <= SHORT) {
    for (let index = 0; index < size; index++) buffer[to + index] = buffer[to + index - distance] ?? 0
    return
  }
  let copied = 0
  while (copied < size) {
    const step = Math.min(distance + copied, size - copied)
    buffer.copyWithin(to + copied, to - distance, to - distance + step)
    copied += step
  }
}
