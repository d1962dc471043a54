import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** Where Chromium is: the variable CHROMIUM, else the search path; undefined where there is none. */
function findChromium(): string | undefined {
  const named = process.env['CHROMIUM']
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A browser without a window; where there is none the tests are skipped, and say so. */
export async function launchChromium(test: Mocha.Context): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) {
    console.warn('    SKIPPED: there is no Chromium. Install it, or name it in the variable CHROMIUM.')
    return test.skip()
  }
  return await chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
  })
}
