import fc from 'fast-check'
import type { Content, Log, LogGroup } from '../../engine/client/model'

/** UTF-16 units of any kind, lone surrogates among them. */
const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })

/** Texts of all sizes that matter to the encoding of lengths, ASCII and not. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: anyUnits.map((units) => String.fromCharCode(...units)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'é', '中', '🚀'), fc.constantFrom(42, 43, 63, 64, 127, 128, 5461, 16_384))
      .map(([unit, length]) => unit.repeat(length))
  }
)

export const key: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'host',
      'status',
      'message',
      '用户',
      '',
      '__proto__',
      'constructor',
      '0',
      'a (2)',
      'a'
    )
  },
  { weight: 1, arbitrary: text }
)

export const contents: fc.Arbitrary<Content[]> = fc.array(fc.tuple(key, text), { maxLength: 12 })

export const log: fc.Arbitrary<Log> = fc
  .record({
    time: fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.constantFrom(0, 127, 128, 1_700_000_000, 0xffff_ffff)
    ),
    timeNs: fc.option(fc.integer({ min: 0, max: 999_999_999 }), { nil: undefined }),
    contents
  })
  .map(({ time, timeNs, contents: pairs }) =>
    timeNs === undefined ? { time, contents: pairs } : { time, timeNs, contents: pairs }
  )

/** Logs one after the other, many of them with the keys of an earlier one, as logs are. */
export const logs: fc.Arbitrary<Log[]> = fc.array(log, { minLength: 1, maxLength: 6 }).chain((kinds) =>
  fc.array(fc.tuple(fc.nat(kinds.length - 1), text, fc.boolean()), { maxLength: 12 }).map((choices) =>
    choices.map(([kind, value, again]) => {
      const chosen = kinds[kind] as Log
      return again ? chosen : { ...chosen, contents: chosen.contents.map(([name]): Content => [name, value]) }
    })
  )
)

export const group: fc.Arbitrary<LogGroup> = fc.record({
  topic: text,
  source: text,
  tags: fc.array(fc.tuple(key, text), { maxLength: 4 }),
  logs
})

/** What is left of a text after its way through UTF-8: lone surrogates become U+FFFD. */
export function wellFormed(value: string): string {
  return Buffer.from(value).toString()
}

export function wellFormedGroup(value: LogGroup): LogGroup {
  const pair = ([name, content]: Content): Content => [wellFormed(name), wellFormed(content)]
  return {
    topic: wellFormed(value.topic),
    source: wellFormed(value.source),
    tags: value.tags.map(pair),
    logs: value.logs.map((item) => ({ ...item, contents: item.contents.map(pair) }))
  }
}
