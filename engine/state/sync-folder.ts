import { open } from 'node:fs/promises'

/** Makes renames and new files in a folder durable; not every platform can, and those that cannot need not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  try {
    await handle?.sync()
  } catch (cause) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'EBADF', 'ENOTSUP'].includes(errorCode(cause))) throw cause
  } finally {
    await handle?.close()
  }
}

/** `code` of a system error; empty where it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
