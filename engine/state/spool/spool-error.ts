import { SlsError } from '../../client/errors'
import { errorCode } from '../sync-folder'

/** There is no room for a record. */
export function spoolFull(path: string, limit: number): SlsError {
  return new SlsError('Spool', `The spool in ${path} is full: ${limit} bytes`, {
    field: 'spoolBytes',
    retryability: 'ordinary',
    hint: 'Raise spoolBytes, or find out why the service does not take the logs'
  })
}

/** What went wrong with the spool's folder, for people. */
export function spoolError(cause: unknown, what: string, path: string): SlsError {
  if (cause instanceof SlsError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SlsError('Spool', `The spool in ${path} could not be ${what}: ${reason}`, {
    field: 'spoolPath',
    retryability: 'ordinary',
    hint: hints[errorCode(cause)] ?? 'Look at the folder that spoolPath names',
    cause
  })
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, or lower spoolBytes',
  EDQUOT: 'The quota of the disk is used up: free some space, or lower spoolBytes',
  EACCES: 'Make the folder that spoolPath names writable for Node-RED',
  EPERM: 'Make the folder that spoolPath names writable for Node-RED',
  EROFS: 'The disk is read-only: choose another spoolPath',
  ENOTDIR: 'spoolPath must be a folder',
  EEXIST: 'spoolPath must be a folder'
}
