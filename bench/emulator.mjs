// Ours and two peers against the emulator, which checks and stores all.
import { Contender } from './contender.mjs'
import { median } from './measure.mjs'
import { figure, table } from './report.mjs'
import { startEmulator } from './services.mjs'

export async function emulator() {
  const service = await startEmulator(['access:4'])
  const { connection } = service
  const writers = await Contender.startAll({
    ours: ['sink-engine', { connection }],
    '@alicloud/log': ['sink-alicloud-log', { connection }],
    'openapi + static + lz4': ['sink-openapi', { connection }]
  })
  const rows = []
  const amounts = { ours: 100_000, '@alicloud/log': 20_000, 'openapi + static + lz4': 40_000 }
  for (const [name, writer] of Object.entries(writers)) {
    const values = []
    for (let round = 0; round < 4; round++) {
      const { cpu, result } = await writer.run('write', { data: 'access', logs: amounts[name] })
      if (round > 0) values.push((cpu / result.logs) * 1e6)
    }
    rows.push([name, median(values)])
  }
  const [[, ours]] = rows
  table(
    'Writing access logs to the emulator',
    ['writer', 'CPU s/1M logs', 'x ours'],
    rows.map(([name, value]) => [name, figure(value), figure(value / ours)])
  )
  await Contender.closeAll(writers)
  const reader = await Contender.start('source-engine', { connection })
  const reads = []
  for (let round = 0; round < 4; round++) {
    const { cpu, result } = await reader.run('read', { logstore: 'access', logs: 200_000 })
    if (round > 0) reads.push((cpu / result.logs) * 1e6)
  }
  table('Reading them back', ['reader', 'CPU s/1M logs'], [['ours', figure(median(reads))]])
  await reader.close()
  await service.close()
}
