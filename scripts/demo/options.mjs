// The command line of `npm start`.
import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const usage = `Usage: npm start [-- OPTIONS]

Starts a local SLS emulator and a real Node-RED with a demo flow: a simulated gateway writes telemetry through
sls-out, sls-in reads it back, and a page shows what arrives. Nothing leaves this machine.

  --file PATH    instead of the gateway, send each line of this file as a log through the same flow, read all of
                 them back and compare; the last line printed is
                 {"written":N,"read":N,"lost":0,"duplicated":0,"seconds":S}
                 and the exit code is 0 only if every line came back once, byte for byte
  --for SECONDS  how long the demo (default: until Ctrl-C) or the file's way there and back (default: 60) may take
  --help         this text

A line is what stands between line feeds; a carriage return belongs to its line; an empty line is a line; a last
line needs no line feed. Lines that are not valid UTF-8 travel as base64.`

/** What the user asked for wrongly; shown without a stack trace. */
export class UsageError extends Error {}

/** @returns {{ file?: string, seconds?: number, help: boolean }} */
export function parseOptions(args) {
  const { values } = parse(args)
  return {
    help: values.help === true,
    ...(values.file === undefined ? {} : { file: readableFile(values.file) }),
    ...(values.for === undefined ? {} : { seconds: positiveNumber('--for', values.for) })
  }
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: { file: { type: 'string' }, for: { type: 'string' }, help: { type: 'boolean', short: 'h' } }
    })
  } catch (error) {
    throw new UsageError(error.message)
  }
}

function readableFile(path) {
  // npm runs its scripts in the package's folder; a relative path is meant from where the user typed it.
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), path)
  try {
    accessSync(file, constants.R_OK)
  } catch (error) {
    throw new UsageError(`--file: cannot read ${file} (${error.code})`)
  }
  if (!statSync(file).isFile()) throw new UsageError(`--file: ${file} is not a file`)
  return file
}

function positiveNumber(name, text) {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0 || value > 86_400) {
    throw new UsageError(`${name}: a number of seconds from above 0 to 86400 is needed, got "${text}"`)
  }
  return value
}
