import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { Acknowledgements } from '../../nodes/acknowledgements'
import { type DeliveryUnit, deliveryUnits } from '../../nodes/log-to-message'
import type { NodeMessage } from '../../nodes/node-red'
import { SourceInput, type SourceInputParts } from '../../nodes/source-input'
import { batchOf } from './batches'

describe('Messages that come back to sls-in', () => {
  let acknowledgements: Acknowledgements
  let input: SourceInput
  let unit: DeliveryUnit

  beforeEach(() => {
    acknowledgements = new Acknowledgements()
    const logs = [0, 1, 2].map((n) => ({ time: 1, contents: [['n', String(n)] as const] }))
    const [first] = deliveryUnits(batchOf([{ topic: '', source: '', tags: [], logs }]), {
      output: 'log',
      parseJson: false,
      numbers: false
    })
    assert.ok(first)
    unit = first
    acknowledgements.begin(unit)
    const parts: Partial<SourceInputParts> = { acknowledgements, manual: true, logstore: 'l' }
    input = new SourceInput(parts as SourceInputParts)
  })

  /** `msg.sls` of the message with this number. */
  function sls(index: number): Record<string, unknown> {
    const [project, logstore, shard, cursor] = unit.place.split('/')
    return { project, logstore, shard: Number(shard), cursor, index, count: 3 }
  }

  function receive(message: Record<string, unknown>): Promise<void> {
    return input.receive(message as NodeMessage, () => undefined)
  }

  it('acknowledge all that an array names', async () => {
    await receive({ sls: [sls(0), sls(2)] })
    assert.equal(acknowledgements.waiting, 1)
  })

  const wrong: [string, unknown][] = [
    ['nothing', null],
    ['an object without a place', { index: 1 }],
    ['a place without an index', { project: 'p', logstore: 'l', shard: 0, cursor: 'c' }],
    ['an index that is a text', { project: 'p', logstore: 'l', shard: 0, cursor: 'c', index: '1' }],
    ['a nack that is a text', { project: 'p', logstore: 'l', shard: 0, cursor: 'c', index: 1, nack: 'true' }]
  ]
  for (const [what, element] of wrong) {
    it(`acknowledge and refuse nothing where the array holds ${what}, which is named`, async () => {
      for (const more of [{}, { error: { message: 'broken' } }]) {
        const message = { sls: [sls(0), element, sls(1)], ...more }
        await assert.rejects(receive(message), {
          code: 'InvalidOption',
          field: 'sls[1]',
          message: /^msg\.sls\[1\]\S* .*: nothing of the message is acknowledged$/
        })
        assert.equal(acknowledgements.waiting, 3)
      }
      await receive({ sls: [0, 1, 2].map(sls) })
      assert.equal(acknowledgements.waiting, 0)
    })
  }

  it('refuse none whose nack is null, as one that was never set', async () => {
    await receive({ sls: { ...sls(1), nack: null } })
    assert.equal(acknowledgements.waiting, 2)
  })

  for (const shard of [true, ' ', '0x1', '1e0', -1, 1.5, Symbol('1'), [1], { shard: false }]) {
    it(`move no shard by ${inspect(shard)}, which is the number of none`, async () => {
      await assert.rejects(receive({ action: 'seek', position: 'end', shard }), {
        code: 'InvalidOption',
        field: 'shard'
      })
    })
  }

  for (const action of [Object.create(null), ['pause'], { pause: true }, Symbol('pause'), 1]) {
    it(`do nothing for the action ${inspect(action)}, which is named`, async () => {
      await assert.rejects(receive({ action }), {
        code: 'InvalidOption',
        field: 'action',
        message: /^msg\.action is .*, not pause, resume/
      })
    })
  }
})
