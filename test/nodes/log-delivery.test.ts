import assert from 'node:assert/strict'
import { SlsError } from '../../engine/client/errors'
import type { LogGroup } from '../../engine/client/model'
import type { SourceBatch } from '../../engine/source/batch'
import { Acknowledgements } from '../../nodes/acknowledgements'
import { LogDelivery } from '../../nodes/log-delivery'
import type { NodeMessage } from '../../nodes/node-red'
import { batchOf } from './batches'

function groups(...sizes: readonly number[]): LogGroup[] {
  let n = 0
  return sizes.map((size) => ({
    topic: '',
    source: '',
    tags: [],
    logs: Array.from({ length: size }, () => ({ time: 1, contents: [['n', String(n++)] as const] }))
  }))
}

/** The batch with a group that cannot be decoded. */
function damaged(batch: SourceBatch, place: number): SourceBatch {
  const fail = (): never => {
    throw new SlsError('CorruptBody', 'damaged')
  }
  const damagedGroups = batch.groups.map((group, number) =>
    number === place
      ? {
          ...group,
          records: fail,
          recordBlocks: fail,
          logs: fail
        }
      : group
  )
  return { ...batch, groups: damagedGroups }
}

describe('The delivery of logs', () => {
  let acknowledgements: Acknowledgements
  let sent: number[]
  let delivery: LogDelivery
  let onSend: () => void

  beforeEach(() => {
    acknowledgements = new Acknowledgements()
    sent = []
    onSend = () => undefined
    delivery = new LogDelivery(acknowledgements, {
      output: 'log',
      parseJson: false,
      numbers: false,
      manual: false,
      send: ({ payload }: NodeMessage) => {
        sent.push(Number((payload as { n: string }).n))
        onSend()
      }
    })
  })

  it('acknowledges a batch once the flow has taken its messages', async () => {
    const batch = batchOf(groups(2, 0, 1))
    const seen: string[][] = []
    onSend = () => seen.push([...batch.acknowledged])
    await delivery.deliver(batch)
    assert.deepEqual(sent, [0, 1, 2])
    // The empty group alone, nothing of which is on its way.
    assert.deepEqual(seen, [[], [], ['1/0']])
    assert.deepEqual([...batch.acknowledged], ['1/0', '0/0', '2/0'])
  })

  it('lets other work run between slices', async () => {
    let turns = 0
    let running = true
    const turn = (): void => {
      turns++
      if (running) setImmediate(turn)
    }
    setImmediate(turn)
    await delivery.deliver(batchOf(groups(1000)))
    running = false
    assert.ok(turns >= 7, `${turns} turns`)
  })

  it('stops within a slice when it is interrupted, and knows what was taken', async () => {
    onSend = () => {
      if (sent.length === 200) delivery.interrupt().catch(assert.fail)
    }
    const batch = batchOf(groups(1000))
    await delivery.deliver(batch)
    assert.ok(sent.length < 400, `${sent.length} sent`)
    assert.equal(batch.acknowledged.size, 0)
    const [[from, to] = []] = Object.values(acknowledgements.partial())[0]?.finished ?? []
    assert.equal(from, 0)
    assert.ok(to !== undefined && to < 200, 'what was sent last may not have been taken')
  })

  it('gives the event loop a turn after each large group, and within a large fetch', async () => {
    for (const output of ['group', 'fetch'] as const) {
      const taken: number[] = []
      let turns = 0
      let isOver: boolean = false
      const outputs = new LogDelivery(new Acknowledgements(), {
        output,
        parseJson: false,
        numbers: false,
        manual: false,
        send: ({ payload }) => taken.push((payload as unknown[]).length)
      })
      const count = () => {
        turns++
        if (!isOver) setImmediate(count)
      }
      setImmediate(count)
      await outputs.deliver(batchOf(groups(5000, 5000, 5000, 5000, 5000, 5000)))
      isOver = true
      assert.equal(
        taken.reduce((sum, logs) => sum + logs, 0),
        30_000
      )
      assert.ok(turns >= (output === 'group' ? 6 : 1), `${output}: ${turns} turns`)
    }
  })

  it('goes on with a batch when that of another shard is interrupted', async () => {
    onSend = () => {
      if (sent.length !== 200) return
      delivery.interrupt({ logstore: 'logstore', shard: 1 }).catch(assert.fail)
      acknowledgements.clear({ logstore: 'logstore', shard: 1 })
    }
    const batch = batchOf(groups(1000))
    await delivery.deliver(batch)
    assert.equal(sent.length, 1000)
    assert.deepEqual([...batch.acknowledged], ['0/0'])
  })

  it('of a batch that is damaged in part keeps what was sent and sends the rest when it comes again', async () => {
    const batch = batchOf(groups(2, 2, 2))
    await assert.rejects(delivery.deliver(damaged(batch, 1)), { code: 'CorruptBody' })
    assert.deepEqual(sent, [0, 1])
    assert.deepEqual([...batch.acknowledged], ['0/0'])
    const whole = batchOf(groups(2, 2, 2))
    await delivery.deliver({ ...whole, groups: whole.groups.slice(1) })
    assert.deepEqual(sent, [0, 1, 2, 3, 4, 5])
    assert.deepEqual([...whole.acknowledged], ['1/0', '2/0'])
  })

  it('sends again what the flow could not be given, and all behind it', async () => {
    onSend = () => {
      if (sent.length === 2) throw new RangeError('nested too deeply to be cloned')
    }
    const batch = batchOf(groups(3, 1))
    await assert.rejects(delivery.deliver(batch), RangeError)
    assert.equal(batch.acknowledged.size, 0)
    const again = batchOf(groups(3, 1))
    await delivery.deliver(again)
    assert.deepEqual(sent, [0, 1, 1, 2, 3])
    assert.deepEqual([...again.acknowledged], ['0/0', '1/0'])
  })

  for (const output of ['group', 'raw', 'fetch'] as const) {
    it(`with output ${output} of a damaged batch is made good by the next`, async () => {
      const outputs = new LogDelivery(acknowledgements, {
        output,
        parseJson: false,
        numbers: false,
        manual: false,
        send: () => sent.push(0)
      })
      await assert.rejects(outputs.deliver(damaged(batchOf(groups(2)), 0)), { code: 'CorruptBody' })
      assert.deepEqual(sent, [])
      const whole = batchOf(groups(2))
      await outputs.deliver(whole)
      assert.deepEqual(sent, [0])
      assert.deepEqual([...whole.acknowledged], ['0/0'])
    })
  }
})
