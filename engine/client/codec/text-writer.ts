import type { GrowingBuffer } from './growing-buffer'

/** No UTF-16 unit takes more bytes of UTF-8. */
export const MAX_BYTES_PER_UNIT = 3
/** Bytes that are written behind the end of a text. */
export const TEXT_SPILL = 1
/** Up to this length a loop over the units is cheaper than a call into Node, which takes longer where not all are ASCII. */
const SHORT = 40
const SHORT_WIDE = 64

/**
 * Writes a text as UTF-8, lone surrogates as U+FFFD. The buffer has room for it, and for `TEXT_SPILL` more.
 * @param isWide whether it is likely that not all of it is ASCII
 * @returns the offset after it
 */
export function writeText(buffer: GrowingBuffer, text: string, offset: number, isWide: boolean): number {
  const { length } = text
  if (length > (isWide ? SHORT_WIDE : SHORT))
    return offset + buffer.bytes.utf8Write(text, offset, buffer.bytes.length - offset)
  const { view } = buffer
  let at = offset
  let index = 0
  if (!isWide) {
    const even = length & ~1
    for (; index < even; index += 2) {
      const first = text.charCodeAt(index)
      const second = text.charCodeAt(index + 1)
      if ((first | second) > 0x7f) break
      view.setUint16(at, first | (second << 8), true)
      at += 2
    }
  }
  for (; index < length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0x800 && (unit & 0xf800) !== 0xd800) {
      view.setInt32(at, threeBytes(unit), true)
      at += 3
    } else if (unit < 0x80) view.setUint8(at++, unit)
    else return writeOther(view, text, index, at)
  }
  return at
}

function threeBytes(unit: number): number {
  return 0x80_80e0 | (unit >>> 12) | ((unit & 0xfc0) << 2) | ((unit & 0x3f) << 16)
}

/** As `writeText` from unit `start` on, in any script. */
function writeOther(view: DataView, text: string, start: number, offset: number): number {
  const { length } = text
  let at = offset
  for (let index = start; index < length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      view.setUint8(at++, unit)
    } else if (unit < 0x800) {
      view.setUint16(at, 0x80c0 | (unit >>> 6) | ((unit & 0x3f) << 8), true)
      at += 2
    } else if ((unit & 0xf800) !== 0xd800) {
      view.setInt32(at, threeBytes(unit), true)
      at += 3
    } else {
      const low = index + 1 < length ? text.charCodeAt(index + 1) : 0
      if (unit < 0xdc00 && (low & 0xfc00) === 0xdc00) {
        const codePoint = 0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff)
        const first = 0x8080_80f0 | (codePoint >>> 18) | ((codePoint & 0x3_f000) >>> 4)
        view.setInt32(at, first | ((codePoint & 0xfc0) << 10) | ((codePoint & 0x3f) << 24), true)
        at += 4
        index++
      } else {
        view.setInt32(at, 0xbd_bfef, true)
        at += 3
      }
    }
  }
  return at
}
