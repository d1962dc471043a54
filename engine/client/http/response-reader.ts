import { SlsError } from '../errors'
import { NotHttp } from './not-http'
import { type ResponseHead, readHeaderLine, readResponseHead } from './response-head'

/** Bytes of a head, of the line before a chunk, and of what follows the last chunk, each at most. */
const maxTextSize = 16 * 1024
const beginning = Buffer.from('HTTP/1.')
/** A size and extensions, which tell nothing that is needed here. */
const chunkLine =
  /^0*([\da-fA-F]{1,13})(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]*"))?)*$/
const nothing = Buffer.alloc(0)
const carriageReturn = 0x0d
const lineFeed = 0x0a

type Part = 'head' | 'length' | 'chunk line' | 'chunk' | 'chunk end' | 'trailers' | 'until close' | 'end'

/**
 * Reads one answer from the pieces in which it comes; answers that are not final (1xx) are passed over, and so are empty
 * lines before and after it, which some servers send.
 */
export class ResponseReader {
  #head: ResponseHead | undefined
  #body: Buffer = nothing
  #size = 0
  #part: Part = 'head'
  /** Bytes that are missing of the body, or of a chunk of it. */
  #missing = 0
  #trailersSize = 0
  /** The beginning of a text that has not all come yet. */
  #kept: Buffer | undefined

  /**
   * @param name of the call, for messages
   * @param maxSize bytes of a body at most
   */
  constructor(
    private readonly name: string,
    private readonly maxSize: number
  ) {}

  /**
   * @returns true where the answer is complete with these bytes.
   * @throws NotHttp, or SlsError `BadResponse` where the body is too large.
   */
  read(bytes: Buffer): boolean {
    let all = bytes
    if (this.#kept !== undefined) {
      all = Buffer.concat([this.#kept, bytes])
      this.#kept = undefined
    }
    let at = 0
    while (at < all.length) {
      const next = this.#readPart(all, at)
      if (next < 0) {
        this.#kept = all.subarray(at)
        return false
      }
      at = next
    }
    return this.#part === 'end'
  }

  /** @returns true where the answer is complete now that the connection has ended. */
  ended(): boolean {
    if (this.#part === 'until close') this.#part = 'end'
    return this.#part === 'end'
  }

  /** Of a complete answer. */
  get head(): ResponseHead {
    if (this.#head === undefined) throw new Error('There is no answer yet')
    return this.#head
  }

  /** Of a complete answer; memory of its own. */
  get body(): Buffer {
    return this.#size === this.#body.length ? this.#body : this.#grown(this.#size)
  }

  /** @returns where the rest begins, or -1 where more bytes are needed first. */
  #readPart(bytes: Buffer, at: number): number {
    switch (this.#part) {
      case 'head':
        return this.#readHead(bytes, at)
      case 'length':
      case 'chunk':
        return this.#readMissing(bytes, at)
      case 'chunk line':
        return this.#readChunkLine(bytes, at)
      case 'chunk end':
        return this.#readChunkEnd(bytes, at)
      case 'trailers':
        return this.#readTrailers(bytes, at)
      case 'until close':
        this.#append(bytes, at, bytes.length)
        return bytes.length
      case 'end':
        if (isOfLineEnd(bytes[at])) return at + 1
        throw new NotHttp('more follows than belongs to the answer')
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    if (isOfLineEnd(bytes[at])) return at + 1
    const known = Math.min(beginning.length, bytes.length - at)
    if (bytes.compare(beginning, 0, known, at, at + known) !== 0)
      throw new NotHttp('it does not begin with HTTP/1')
    const end = textEnd(bytes, at, '\r\n\r\n')
    if (end < 0) return -1
    const head = readResponseHead(bytes.toString('latin1', at, end))
    if (head.status === 101) throw new NotHttp('it changes to another protocol')
    if (head.status >= 200) this.#begin(head)
    return end + 4
  }

  #begin(head: ResponseHead): void {
    this.#head = head
    const { body } = head
    if (body === 'chunked') this.#part = 'chunk line'
    else if (body === 'until close') this.#part = body
    else {
      this.#checkSize(body)
      this.#body = body === 0 ? nothing : Buffer.allocUnsafeSlow(body)
      this.#missing = body
      this.#part = body === 0 ? 'end' : 'length'
    }
  }

  #readMissing(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing)
    this.#append(bytes, at, end)
    this.#missing -= end - at
    if (this.#missing === 0) this.#part = this.#part === 'length' ? 'end' : 'chunk end'
    return end
  }

  #readChunkLine(bytes: Buffer, at: number): number {
    const end = textEnd(bytes, at, '\r\n')
    if (end < 0) return -1
    const size = chunkLine.exec(bytes.toString('latin1', at, end))
    if (size === null) throw new NotHttp('the size of a chunk cannot be read')
    this.#missing = Number.parseInt(size[1] as string, 16)
    this.#checkSize(this.#size + this.#missing)
    this.#part = this.#missing === 0 ? 'trailers' : 'chunk'
    return end + 2
  }

  #readChunkEnd(bytes: Buffer, at: number): number {
    const end = textEnd(bytes, at, '\r\n')
    if (end > at || (end < 0 && bytes.length - at > 1)) throw new NotHttp('a chunk is longer than it says')
    if (end < 0) return -1
    this.#part = 'chunk line'
    return end + 2
  }

  /** Headers after the last chunk tell nothing that is needed here. */
  #readTrailers(bytes: Buffer, at: number): number {
    const end = textEnd(bytes, at, '\r\n')
    if (end < 0) return -1
    if (end === at) this.#part = 'end'
    else readHeaderLine(bytes.toString('latin1', at, end))
    this.#trailersSize += end - at
    if (this.#trailersSize > maxTextSize) throw new NotHttp('too much follows the last chunk')
    return end + 2
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const size = this.#size + to - from
    if (size > this.#body.length) {
      this.#checkSize(size)
      this.#body = this.#grown(Math.min(this.maxSize, size * 2))
    }
    bytes.copy(this.#body, this.#size, from, to)
    this.#size = size
  }

  /** The body in memory of its own: what comes from a connection is cut from larger memory. */
  #grown(length: number): Buffer {
    const larger = Buffer.allocUnsafeSlow(length)
    this.#body.copy(larger, 0, 0, this.#size)
    return larger
  }

  #checkSize(size: number): void {
    if (size <= this.maxSize) return
    throw new SlsError('BadResponse', `${this.name}: the answer is larger than ${this.maxSize} bytes`, {
      status: this.#head?.status,
      retryability: 'ordinary'
    })
  }
}

/** Where a text ends that begins at `at`; -1 where its end has not come. */
function textEnd(bytes: Buffer, at: number, ending: string): number {
  const end = bytes.indexOf(ending, at, 'latin1')
  if ((end < 0 ? bytes.length : end) - at > maxTextSize) throw new NotHttp('a head or a line is too long')
  if (end < 0) checkLineEnd(bytes, at)
  return end
}

/** Who ends the first line with a line feed alone ends all so: the end of the text would never come. */
function checkLineEnd(bytes: Buffer, at: number): void {
  const end = bytes.indexOf(lineFeed, at)
  if (end < 0 || (end > at && bytes[end - 1] === carriageReturn)) return
  throw new NotHttp('a line ends with a line feed alone')
}

function isOfLineEnd(byte: number | undefined): boolean {
  return byte === carriageReturn || byte === lineFeed
}
