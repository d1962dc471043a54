import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SlsError } from '../../../engine/client/errors'
import { SlsSink } from '../../../engine/sink/sink'
import { FileProgressStore } from '../../../engine/state/progress-store'
import { FakeService, refusals } from '../sink/support/fake-service'
import { logs } from '../sink/support/logs'

/** What it tells while the folder cannot be written. */
export interface Troubles {
  progress: Told
  spool: Told
}

export type Told = Pick<SlsError, 'code' | 'message' | 'field' | 'hint'>

/** What it tells once the folder can be written. */
export interface Outcome {
  /** The cursor that was saved. */
  cursor: string | undefined
  /** Logs of the later write that are on disk. */
  spooled: number
  accepted: string[]
}

/** Nobody's ids on Linux; any other than root's will do. */
const NOBODY = 65_534

/** Keeps progress and spools logs in a folder, as a user that is not root; is told when the folder can be written. */
async function run(folder: string): Promise<void> {
  const becameWritable = new Promise((resolve) => process.once('message', resolve))
  const store = new FileProgressStore(path.join(folder, 'state', 'progress.json'))
  const shards = { 'demo/access/0': { cursor: 'MTIz', updateTime: 7 } }
  const progress = await store.save({ version: 1, shards }).then(() => undefined, told)

  const service = new FakeService()
  service.answer = () => refusals.network()
  const retry = { maxRetriesRetryable: -1, baseRetryBackoff: 2, maxRetryBackoff: 20 }
  const spoolPath = path.join(folder, 'spool')
  const sink = new SlsSink({
    client: service,
    logstore: 'access',
    flushInterval: 0,
    spool: 'always',
    spoolPath,
    retry
  })
  const trouble = new Promise<SlsError>((resolve) => sink.on('spoolTrouble', ({ error }) => resolve(error)))
  const early = sink.write({ logs: logs(5) })
  process.send?.({ progress, spool: told(await trouble) })

  await becameWritable
  await store.save({ version: 1, shards })
  while (sink.status().spool?.state !== 'ready') await pause(20)
  const { spooled } = await sink.write({ logs: logs(5, 5) })
  service.answer = () => undefined
  await early
  while (service.values('id').length < 10) await pause(20)
  await sink.close()
  const cursor = (await store.load()).shards['demo/access/0']?.cursor
  const outcome: Outcome = { cursor, spooled, accepted: service.values('id') }
  process.send?.(outcome)
}

function told(error: unknown): Told {
  if (!(error instanceof SlsError)) throw error
  const { code, message, field, hint } = error
  return { code, message, field, hint }
}

if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setgid?.(NOBODY)
  process.setuid?.(NOBODY)
}
process.once('disconnect', () => process.exit())
run(process.argv[2] ?? '').then(
  () => process.disconnect(),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  }
)
