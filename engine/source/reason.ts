/** What a flow said when it refused something: an error, what a Catch node makes of one, or any other value. */
export function reasonText(reason: unknown): string {
  if (reason === undefined || reason === null) return 'no reason was given'
  if (typeof reason === 'object' && 'message' in reason) return String(reason.message)
  return String(reason)
}
