interface Expanded {
  buffer: Buffer
  engine: {
    /** Bytes of the input that were used. */
    bytesWritten: number
  }
}

/** A one-shot decoder of node:zlib, with `info` and a bound on its output. */
export type Expand = (
  data: Buffer,
  options: { info: true; maxOutputLength: number },
  callback: (error: Error | null, result: unknown) => void
) => void

/**
 * The raw bytes of a compressed stream, off the main thread.
 * Rejects when the stream is damaged, yields anything but `rawSize` bytes, or has bytes behind its end;
 * never holds more than `rawSize` bytes and a chunk.
 */
export function expandExactly(expand: Expand, data: Buffer, rawSize: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    expand(data, { info: true, maxOutputLength: Math.max(rawSize, 1) }, (error, result) => {
      if (error !== null) {
        reject(error)
        return
      }
      const { buffer, engine } = result as Expanded
      if (engine.bytesWritten !== data.length) reject(new Error('there are bytes behind its end'))
      else if (buffer.length !== rawSize) reject(new Error(`it holds ${buffer.length} bytes`))
      else resolve(buffer)
    })
  })
}
