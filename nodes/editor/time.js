// Whether a text is a time for the runtime.
globalThis.slsEditor ??= {}
;((editor) => {
  const unitSeconds = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }

  /** Seconds before now. */
  function distance(text) {
    if (text === 'now') return 0
    const simple = /^(?:-\s*(\d+(?:\.\d+)?)\s*([a-z]+)|(\d+(?:\.\d+)?)\s*([a-z]+)\s+ago)$/.exec(text)
    if (simple !== null) {
      const names = /^(s|m|h|d|w)(?:|ec|ecs|econds?|in|ins|inutes?|rs?|ours?|ays?|eeks?)$/
      const unit = names.exec(simple[2] ?? simple[4])?.[1]
      return unit === undefined ? undefined : Number(simple[1] ?? simple[3]) * unitSeconds[unit]
    }
    const iso = /^-p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?)?$/.exec(text)
    if (iso === null || /[pt]$/.test(text)) return undefined
    return ['w', 'd', 'h', 'm', 's'].reduce(
      (sum, unit, part) => sum + Number(iso[part + 1] ?? 0) * unitSeconds[unit],
      0
    )
  }

  /** Unix seconds of a decimal number of seconds, or of a finer unit told by its size. */
  function ofDigits(whole, fraction = '') {
    const digits = whole.replace(/^0+(?=\d)/, '')
    const finer = digits.length <= 11 ? 0 : digits.length <= 14 ? 3 : digits.length <= 17 ? 6 : 9
    if (finer === 0) return Number(`${digits}.${fraction || 0}`)
    return Number(`${digits.slice(0, -finer)}.${digits.slice(-finer)}${fraction}`)
  }

  /** Unix seconds of ISO 8601. */
  function ofIso(text) {
    const parts =
      /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,12}))?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i.exec(
        text
      )
    if (parts === null) return undefined
    const [, day, clock, fraction = '0', zone = ''] = parts
    const offset = zone.replace(
      /^([+-]\d{2}):?(\d{2})?$/,
      (_, hours, minutes = '00') => `${hours}:${minutes}`
    )
    const milliseconds = Date.parse(clock === undefined ? day : `${day}T${clock}${offset.toUpperCase()}`)
    // JavaScript takes 31 February for the 3rd of March.
    if (Number.isNaN(milliseconds) || !new Date(day).toISOString().startsWith(day)) return undefined
    return milliseconds / 1000 + Number(`0.${fraction.slice(0, 9)}`)
  }

  /** A moment between 1970 and 2106: Unix time, ISO 8601, or a distance from now. */
  function time(text) {
    const before = distance(text.toLowerCase())
    const decimal = /^(\d{1,21})(?:\.(\d{1,12}))?$/.exec(text)
    const read = () => (decimal === null ? ofIso(text) : ofDigits(decimal[1], decimal[2]))
    const seconds = before === undefined ? read() : Date.now() / 1000 - before
    return seconds >= 0 && seconds <= 0xffffffff ? undefined : ['time']
  }

  Object.assign(editor, { time })
})(globalThis.slsEditor)
