import { isLive } from './target'

const findings: string[] = []

/**
 * A case that no source about the service settles: the emulator holds to it; where the real service does otherwise,
 * the run reports a finding and does not fail.
 */
export function unproven(title: string, body: () => Promise<void>): void {
  it(`${title} (assumed)`, async function () {
    try {
      await body()
    } catch (error) {
      if (!isLive() || isNetworkError(error)) throw error
      findings.push(`${this.test?.fullTitle() ?? title}: ${error instanceof Error ? error.message : error}`)
      this.skip()
    }
  })
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

after('findings about the real service', () => {
  if (findings.length === 0) return
  console.log(`\nThe real service does otherwise than assumed in ${findings.length} case(s):`)
  for (const finding of findings) console.log(`  - ${finding.replaceAll('\n', '\n    ')}`)
})
