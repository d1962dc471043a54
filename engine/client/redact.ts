const secretFields =
  /((?:access_?key_?secret|security_?token|sts_?token|x-acs-security-token|password)\\?["']?\s*[:=]\s*\\?["']?)[^"'&,;<>\s\\}]+/gi

/**
 * Text that came from elsewhere, made fit for an error message: the given secrets, and whatever stands in a field
 * that by its name holds one, are replaced by `***`; white space is folded; at most `limit` characters are kept.
 */
export function redact(text: string, secrets: readonly (string | undefined)[], limit = 300): string {
  let safe = text
  for (const secret of secrets) {
    if (secret === undefined || secret === '') continue
    safe = safe.replaceAll(secret, '***')
    const encoded = encodeURIComponent(secret)
    if (encoded !== secret) safe = safe.replaceAll(encoded, '***')
    const quoted = JSON.stringify(secret).slice(1, -1)
    if (quoted !== secret) safe = safe.replaceAll(quoted, '***')
  }
  safe = safe.replace(secretFields, '$1***').replace(/\s+/g, ' ').trim()
  return safe.length > limit ? `${safe.slice(0, limit)}...` : safe
}
