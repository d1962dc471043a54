import { decodeLz4Block } from './lz4-block-decode'
import { encodeLz4Block, lz4BlockBound } from './lz4-block-encode'

export type Lz4Implementation = 'native' | 'typescript'

/** LZ4 blocks: no frame, no size prefix. */
export interface Lz4 {
  readonly implementation: Lz4Implementation
  /** Writes `raw` as a block to the start of `block` (at least `bound(raw.length)` bytes); its size in bytes. */
  encode(raw: Buffer, block: Buffer): number
  /** True when the block filled `raw` exactly. */
  decode(block: Buffer, raw: Buffer): boolean
  bound(size: number): number
}

interface NativeLz4 {
  encodeBlock(raw: Buffer, block: Buffer): number
  /** Bytes written, negative when the block is damaged. */
  decodeBlock(block: Buffer, raw: Buffer): number
}

const typescriptLz4: Lz4 = {
  implementation: 'typescript',
  encode: encodeLz4Block,
  decode: decodeLz4Block,
  bound: lz4BlockBound
}

let selected: Lz4 | undefined

/** The implementation in use: the native one where it was built, else our own. */
export function lz4(): Lz4 {
  selected ??= loadNativeLz4() ?? typescriptLz4
  return selected
}

/** Chooses the implementation; false when the native one is not there, and then nothing changes. */
export function selectLz4(implementation: Lz4Implementation): boolean {
  const chosen = implementation === 'native' ? loadNativeLz4() : typescriptLz4
  if (chosen === undefined) return false
  selected = chosen
  return true
}

function loadNativeLz4(): Lz4 | undefined {
  try {
    const native = require('lz4') as NativeLz4
    if (typeof native.encodeBlock !== 'function' || typeof native.decodeBlock !== 'function') return undefined
    return {
      implementation: 'native',
      encode: (raw, block) => native.encodeBlock(raw, block),
      decode: (block, raw) => native.decodeBlock(block, raw) === raw.length,
      bound: lz4BlockBound
    }
  } catch {
    return undefined
  }
}
