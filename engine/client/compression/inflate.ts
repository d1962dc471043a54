import * as zlib from 'node:zlib'

/** A raw byte of a deflate stream takes at least 1/1032 of a byte. */
const MOST_EXPANSION = 1032

interface InflateResult {
  buffer: Buffer
  engine: { bytesWritten: number }
}

/**
 * The raw bytes of a zlib or gzip stream.
 * Rejects when the stream is damaged, yields anything but `rawSize` bytes, or has bytes behind its end;
 * never holds more than `rawSize` bytes and a chunk.
 */
export function inflateExactly(data: Buffer, rawSize: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (rawSize > data.length * MOST_EXPANSION) {
      reject(new Error(`${data.length} bytes cannot hold ${rawSize}`))
      return
    }
    const done = (error: Error | null, result: unknown): void => {
      if (error !== null) {
        reject(error)
        return
      }
      const { buffer, engine } = result as InflateResult
      if (engine.bytesWritten !== data.length)
        reject(new Error('there are bytes behind the end of the stream'))
      else if (buffer.length !== rawSize) reject(new Error(`it holds ${buffer.length} bytes`))
      else resolve(buffer)
    }
    zlib.unzip(data, { info: true, maxOutputLength: Math.max(rawSize, 1) }, done)
  })
}
