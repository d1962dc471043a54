import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type EmulatorOptions, type FaultSpec, SlsEmulator } from '../../emulator'
import type { ShardQuotas } from '../../emulator/quota'

describe('An option of the emulator that there is not', () => {
  let sls: SlsEmulator

  before(async () => {
    sls = await SlsEmulator.start({ quiet: true })
  })

  after(() => sls.close())

  const wrong: readonly [given: object, says: RegExp][] = [
    [{ logstore: ['access'] }, /start have no property logstore; did you mean logstores\?/],
    [{ accesskeyid: 'a' }, /no property accesskeyid; did you mean accessKeyId\?/],
    [{ checkLogTimes: false }, /no property checkLogTimes; did you mean checkLogTime\?/],
    [{ colour: 'red' }, /no property colour; there are port, host, .*, clock/],
    [{ quotas: { wirte: {} } }, /quotas have no property wirte; did you mean write\?/],
    [{ quotas: { delete: {} } }, /quotas have no property delete; there are write, read/],
    [
      { quotas: { read: { callPerSecond: 1 } } },
      /rate has no property callPerSecond; did you mean callsPerSecond\?/
    ]
  ]

  for (const [given, says] of wrong) {
    it(`is refused: ${JSON.stringify(given)}`, async () => {
      await assert.rejects(SlsEmulator.start({ quiet: true, ...given } as EmulatorOptions), says)
    })
  }

  it('is refused before the data folder is touched', async () => {
    const data = mkdtempSync(join(tmpdir(), 'sls-emulator-'))
    await assert.rejects(SlsEmulator.start({ data, logstore: 'access' } as EmulatorOptions), /logstores/)
    assert.deepEqual(readdirSync(data), [])
    rmSync(data, { recursive: true })
  })

  const untouched: readonly [given: object, says: RegExp][] = [
    [{ logstores: ['access:0'] }, /logstore access:0: the number of shards must be 1 to 100/],
    [{ logstores: ['access', 'my store'] }, /logstore name my store is invalid/],
    [{ logstores: 'access' }, /logstores must be an array of texts/],
    [{ logstores: [7] }, /logstores must be an array of texts/],
    [{ project: 'Demo' }, /project name Demo is invalid/],
    [{ accessKeyId: 'a' }, /id and its secret must be given together/],
    [{ memory: '1g' }, /memory must be a number/],
    [{ retention: Number.NaN }, /retention must be a number/],
    [{ port: -1 }, /port must be a number/]
  ]
  for (const [given, says] of untouched) {
    it(`leaves the data folder as it was: ${JSON.stringify(given)}`, async () => {
      const data = join(mkdtempSync(join(tmpdir(), 'sls-emulator-')), 'data')
      await assert.rejects(SlsEmulator.start({ data, quiet: true, ...given } as EmulatorOptions), says)
      assert.equal(existsSync(data), false)
      rmSync(dirname(data), { recursive: true })
    })
  }

  it('is refused where a logstore is created, a quota set and a fault added', () => {
    assert.throws(
      () => sls.createLogstore('other', { shardcount: 3 } as object),
      /createLogstore have no property shardcount; did you mean shardCount\?/
    )
    assert.equal(sls.logstores.includes('other'), false)
    assert.throws(
      () => sls.setQuotas({ write: {}, reads: {} } as unknown as ShardQuotas),
      /no property reads; did you mean read\?/
    )
    assert.throws(
      () => sls.addFault({ kind: 'error', propability: 1 } as unknown as FaultSpec),
      /a fault has no property propability; did you mean probability\?/
    )
    assert.deepEqual([sls.stats().quotas, sls.stats().faults], [undefined, []])
  })
})
