#!/usr/bin/env node
import { parseCommandLine, USAGE } from './cli-options'
import { SlsEmulator } from './emulator'
import type { EmulatorOptions } from './options'

function readOptions(): EmulatorOptions | undefined {
  try {
    return parseCommandLine(process.argv.slice(2))
  } catch (error) {
    fail(error, 2)
  }
}

function fail(error: unknown, status: number): never {
  console.error(`sls-emulator: ${error instanceof Error ? error.message : String(error)}`)
  if (status === 2) console.error(USAGE)
  process.exit(status)
}

async function run(options: EmulatorOptions): Promise<void> {
  const emulator = await SlsEmulator.start(options)
  const { endpoint, project, logstores, accessKeyId, accessKeySecret } = emulator
  console.log(JSON.stringify({ endpoint, project, logstores, accessKeyId, accessKeySecret }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      emulator.close().then(
        () => process.exit(0),
        (error: unknown) => fail(error, 1)
      )
    })
  }
}

const options = readOptions()
if (options === undefined) console.log(USAGE)
else run(options).catch((error: unknown) => fail(error, 1))
