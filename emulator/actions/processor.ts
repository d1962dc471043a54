import { parameterInvalid } from '../service-error'
import type { Call } from './call'

/** A processor would change what is written or read, and none can be made here: better no data than unchanged data. */
export function refuseProcessor(call: Call): void {
  const name = call.query.text('processor')
  if (name !== undefined) throw parameterInvalid(`processor ${name} does not exist`)
}
