import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../engine/state/make-folder'
import { FileProgressStore, type ProgressSnapshot, type ProgressStore } from '../engine/state/progress-store'
import type { Acknowledgements, PartialProgress } from './acknowledgements'

/** The source's snapshot together with what is finished of log groups that are not finished as a whole. */
interface NodeSnapshot extends ProgressSnapshot {
  partial?: PartialProgress
  /** What `partial` was read with: the logs that another query leaves are others, under the same numbers. */
  query?: string
}

/** Saves with each snapshot which messages of unfinished log groups are done, so that a restart does not repeat them. */
export class MessageProgressStore implements ProgressStore {
  private snapshot: ProgressSnapshot | undefined
  private savedPartial = '{}'

  constructor(
    private readonly store: ProgressStore,
    private readonly acknowledgements: Acknowledgements,
    private readonly query: string | undefined
  ) {}

  async load(): Promise<ProgressSnapshot> {
    const { partial = {}, query, ...snapshot }: NodeSnapshot = await this.store.load()
    if (query === this.query) this.acknowledgements.restore(partial)
    this.snapshot = snapshot
    this.savedPartial = JSON.stringify(partial)
    return snapshot
  }

  async save(snapshot: ProgressSnapshot): Promise<void> {
    const partial = this.acknowledgements.partial()
    const saved: NodeSnapshot = { ...snapshot, partial }
    if (this.query !== undefined) saved.query = this.query
    await this.store.save(saved)
    this.snapshot = snapshot
    this.savedPartial = JSON.stringify(partial)
  }

  /** Saves once more where only messages of unfinished log groups were finished since, which is no news to the source. */
  async saveRest(): Promise<void> {
    const partial = JSON.stringify(this.acknowledgements.partial())
    if (this.snapshot !== undefined && partial !== this.savedPartial) await this.save(this.snapshot)
  }
}

/**
 * Where a node keeps its progress: `<userDir>/sls-state/<node id>.json`.
 * @throws Error where there is no such folder or it cannot be written.
 */
export async function openProgressFile(
  userDir: string | undefined,
  nodeId: string
): Promise<FileProgressStore> {
  if (!userDir) throw new Error('Node-RED has no user directory')
  const folder = join(userDir, 'sls-state')
  await makeFolder(folder)
  await access(folder, constants.W_OK)
  return new FileProgressStore(join(folder, `${fileNameOf(nodeId)}.json`), checkPartial)
}

/** @throws Error naming the field that is not of its kind */
function checkPartial({ partial = {} }: NodeSnapshot): void {
  const isRange = (range: unknown) =>
    Array.isArray(range) && range.length === 2 && range.every((end) => Number.isInteger(end) && end >= 0)
  if (!isRecord(partial)) throw new Error('partial is no object')
  for (const [key, part] of Object.entries(partial)) {
    const { messages, finished }: Record<string, unknown> = isRecord(part) ? { ...part } : {}
    if (!Number.isInteger(messages)) throw new Error(`partial.${key}.messages is no number of messages`)
    if (!Array.isArray(finished) || !finished.every(isRange))
      throw new Error(`partial.${key}.finished is no list of ranges`)
  }
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The id of a node as the name of a file or folder. */
export function fileNameOf(nodeId: string): string {
  return nodeId.replace(/[^\w.-]/g, '_')
}
