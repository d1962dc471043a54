import { randomBytes } from 'node:crypto'
import type { Call } from './calls'
import { accepted } from './reply'

const PREFIX = 'sls-contract-'
const DAY = 86_400

/** A name that no other run uses and that tells its own age. `now` in Unix seconds. */
export function ownName(now: number = Date.now() / 1000): string {
  return `${PREFIX}${Math.floor(now).toString(36)}-${randomBytes(4).toString('hex')}`
}

/** Seconds since the name was made up; undefined for a name of others. */
export function ageOf(name: string, now: number = Date.now() / 1000): number | undefined {
  const made = /^sls-contract-([0-9a-z]{6,7})-[0-9a-f]{8}[0-9a-z_-]*$/.exec(name)?.[1]
  return made === undefined ? undefined : now - Number.parseInt(made, 36)
}

/** Deletes logstores that an earlier run made more than a day ago and left behind; their names. */
export async function deleteLeftovers(call: Call): Promise<string[]> {
  const { logstores } = accepted(
    await call({ path: '/logstores', query: { logstoreName: PREFIX, offset: 0, size: 500 } })
  ).json<{ logstores: string[] }>()
  const old = logstores.filter((name) => (ageOf(name) ?? 0) > DAY)
  for (const name of old) accepted(await call({ method: 'DELETE', path: `/logstores/${name}` }))
  return old
}
