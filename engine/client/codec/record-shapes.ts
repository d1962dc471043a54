import { CompileBudget, RecordMaker } from './record-maker'
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
  readonly keySize: number = 0
  readonly #encodedKey: Uint8Array
  /** The encoded key in words of 4 bytes: the first four, the last one, which may overlap them, and those between. */
  readonly #word0: number = 0
  readonly #word1: number = 0
  readonly #word2: number = 0
  readonly #word3: number = 0
  readonly #lastWord: number = 0
  readonly #more: Int32Array
  /** The shape that followed last time. */
  next: RecordShape | undefined
  readonly branches: RecordShape[] = []
  readonly #budget: CompileBudget
  readonly #parent: RecordShape | undefined
  #maker: RecordMaker | undefined

  constructor(budget: CompileBudget, parent?: RecordShape, encodedKey: Uint8Array = new Uint8Array()) {
    this.#budget = budget
    this.#parent = parent
    this.#encodedKey = encodedKey
    this.keySize = encodedKey.length
    const view = new DataView(encodedKey.buffer, encodedKey.byteOffset)
    const words = Int32Array.from({ length: encodedKey.length >> 2 }, (_, index) =>
      view.getInt32(index * 4, true)
    )
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words
    this.#word0 = word0
    this.#word1 = word1
    this.#word2 = word2
    this.#word3 = word3
    this.#more = words.subarray(4)
    this.#lastWord = encodedKey.length < 4 ? 0 : view.getInt32(encodedKey.length - 4, true)
  }

  /** Whether the last key stands at `offset`. */
  matches(view: DataView, offset: number, end: number): boolean {
    const size = this.keySize
    const lastOffset = offset + size - 4
    if (lastOffset + 4 > end || view.getInt32(lastOffset, true) !== this.#lastWord) return false
    if (view.getInt32(offset, true) !== this.#word0) return false
    if (size < 8) return true
    if (view.getInt32(offset + 4, true) !== this.#word1) return false
    if (size < 12) return true
    if (view.getInt32(offset + 8, true) !== this.#word2) return false
    if (size < 16) return true
    if (view.getInt32(offset + 12, true) !== this.#word3) return false
    const more = this.#more
    for (let index = 0, at = offset + 16; index < more.length; index++, at += 4) {
      if (view.getInt32(at, true) !== more[index]) return false
    }
    return true
  }

  /** Makes records of logs with exactly these keys. */
  get maker(): RecordMaker {
    this.#maker ??= new RecordMaker(this.#keys(), this.#budget)
    return this.#maker
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
  #budget = new CompileBudget()
  #root = new RecordShape(this.#budget)
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
      this.#budget = new CompileBudget()
      this.#root = new RecordShape(this.#budget)
      this.#count = 0
    }
    const added = new RecordShape(
      this.#budget,
      shape,
      new Uint8Array(view.buffer.slice(view.byteOffset + offset, view.byteOffset + valueTag + 1))
    )
    shape.branches.push(added)
    shape.next = added
    return added
  }
}
