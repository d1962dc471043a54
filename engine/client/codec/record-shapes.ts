import { recordNames } from './record-names'
import * as tags from './tags'

const MAX_SHAPES = 4096
const MAX_BRANCHES = 32
const MAX_KEY_SIZE = 127
const KEY_START = 2

/**
 * The keys of a log up to some field, in order. Logs of one kind walk the same path of shapes, so that a key is
 * compared with the one expected next and hardly ever read.
 */
export class RecordShape {
  /** The size in bytes of the last key as it stands in a content, from its own tag to the value's tag. */
  readonly keySize: number
  readonly #encodedKey: Uint8Array
  /** The encoded key in words of 4 bytes; the last one may overlap the one before. */
  readonly #words: Int32Array
  readonly #lastWord: number
  /** The shape that followed last time. */
  next: RecordShape | undefined
  readonly branches: RecordShape[] = []
  readonly #parent: RecordShape | undefined
  #names: readonly string[] | undefined
  #template: Readonly<Record<string, string>> | undefined

  constructor(parent?: RecordShape, encodedKey: Uint8Array = new Uint8Array()) {
    this.#parent = parent
    this.#encodedKey = encodedKey
    this.keySize = encodedKey.length
    const view = new DataView(encodedKey.buffer, encodedKey.byteOffset)
    this.#words = Int32Array.from({ length: encodedKey.length >> 2 }, (_, index) =>
      view.getInt32(index * 4, true)
    )
    this.#lastWord = encodedKey.length < 4 ? 0 : view.getInt32(encodedKey.length - 4, true)
  }

  /** Whether the last key stands at `offset`. */
  matches(view: DataView, offset: number, end: number): boolean {
    const words = this.#words
    const lastOffset = offset + this.keySize - 4
    if (lastOffset + 4 > end || view.getInt32(lastOffset, true) !== this.#lastWord) return false
    for (let index = 0, at = offset; index < words.length; index++, at += 4) {
      if (view.getInt32(at, true) !== words[index]) return false
    }
    return true
  }

  /** The name of each field in the record. */
  get names(): readonly string[] {
    this.#names ??= recordNames(this.#keys())
    return this.#names
  }

  /** A record with every field, to copy. JSON.parse lays it out compactly however many fields there are. */
  get template(): Readonly<Record<string, string>> {
    this.#template ??= JSON.parse(
      `{${this.names.map((name) => `${JSON.stringify(name)}:""`).join()}}`
    ) as Record<string, string>
    return this.#template
  }

  #keys(): string[] {
    const keys: string[] = []
    for (let shape: RecordShape = this; shape.#parent !== undefined; shape = shape.#parent) {
      keys.push(Buffer.from(shape.#encodedKey.subarray(KEY_START, -1)).toString())
    }
    return keys.reverse()
  }
}

/** The known shapes. Hostile key sets cost time, never memory: when there are too many, all are forgotten. */
export class RecordShapes {
  #root = new RecordShape()
  #count = 0

  get root(): RecordShape {
    return this.#root
  }

  /**
   * The shape that follows `shape` with the key of the content at `offset`, where it is not `shape.next`;
   * undefined when the content starts unlike those that SLS writers make, or the key is not worth keeping.
   */
  follow(shape: RecordShape, view: DataView, offset: number, end: number): RecordShape | undefined {
    const known = shape.branches.find((branch) => branch.matches(view, offset, end))
    if (known !== undefined) {
      shape.next = known
      return known
    }
    if (end - offset < KEY_START) return undefined
    const keySize = view.getUint8(offset + 1)
    const valueTag = offset + KEY_START + keySize
    if (keySize === 0 || keySize > MAX_KEY_SIZE || valueTag >= end) return undefined
    if (view.getUint8(offset) !== tags.PAIR_KEY || view.getUint8(valueTag) !== tags.PAIR_VALUE)
      return undefined
    if (shape.branches.length >= MAX_BRANCHES) return undefined
    if (this.#count++ >= MAX_SHAPES) {
      this.#root = new RecordShape()
      this.#count = 0
    }
    const added = new RecordShape(
      shape,
      new Uint8Array(view.buffer.slice(view.byteOffset + offset, view.byteOffset + valueTag + 1))
    )
    shape.branches.push(added)
    shape.next = added
    return added
  }
}
