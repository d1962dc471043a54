import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { supportedCompressions } from '../../engine/client/compression/compression'
import { Emulated } from '../engine/sink/support/emulated'
import { runs } from '../support/counts'

describe('A log that does not compress', () => {
  for (const compression of supportedCompressions()) {
    it(`of twenty random characters arrives with ${compression}`, async () => {
      const emulated = await Emulated.start()
      const sink = emulated.sink({ compression, maxLines: 1 })
      const values = Array.from({ length: runs(50, 2000) }, () => randomBytes(10).toString('latin1'))
      const time = Math.floor(Date.now() / 1000)
      await Promise.all(values.map((value) => sink.write({ logs: [{ time, contents: { value } }] })))
      assert.deepEqual((await emulated.values('value')).sort(), values.sort())
      await emulated.close()
    })
  }
})
