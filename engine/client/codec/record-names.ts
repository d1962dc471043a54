/**
 * The names under which a log's fields stand in a record: their keys, and where a key occurs again
 * `key (2)`, `key (3)` and so on, counting past names that are taken. Nothing is lost.
 */
export function recordNames(keys: readonly string[]): readonly string[] {
  if (new Set(keys).size === keys.length) return keys
  const taken = new Set(keys)
  const lastNumber = new Map<string, number>()
  return keys.map((key) => {
    const last = lastNumber.get(key)
    if (last === undefined) {
      lastNumber.set(key, 1)
      return key
    }
    let number = last + 1
    while (taken.has(`${key} (${number})`)) number++
    lastNumber.set(key, number)
    const name = `${key} (${number})`
    taken.add(name)
    return name
  })
}
