import { strict as assert } from 'node:assert'
import { HandOver } from '../../../engine/source/hand-over'

interface Item {
  readonly rawSize: number
  readonly name: string
}

const item = (name: string, rawSize = 1): Item => ({ name, rawSize })

/** What was taken by now. */
async function taken(...asked: Promise<Item | undefined>[]): Promise<(string | undefined)[]> {
  const nothing = new Promise((resolve) => setImmediate(() => resolve('nothing')))
  return Promise.all(
    asked.map((each) => Promise.race([each.then((got) => got?.name), nothing]) as Promise<string | undefined>)
  )
}

describe('the hand-over from readers to the flow', () => {
  it('gives in the order in which was laid down, to those who asked first', async () => {
    const handOver = new HandOver<Item>(0)
    const asked = [handOver.take(), handOver.take(), handOver.take()]
    handOver.offer(item('a'))
    handOver.offer(item('b'))
    assert.deepEqual(await taken(...asked), ['a', 'b', 'nothing'])
  })

  it('holds back what would be too much in flight', async () => {
    const handOver = new HandOver<Item>(10)
    const first = item('first', 6)
    handOver.offer(first)
    handOver.offer(item('second', 6))
    const asked = [handOver.take(), handOver.take()]
    assert.deepEqual(await taken(...asked), ['first', 'nothing'])
    assert.equal(handOver.isHeldUp, true)
    assert.equal(handOver.inFlightBytes, 6)
    handOver.settle(first)
    assert.deepEqual(await taken(...asked), ['first', 'second'])
  })

  it('gives a single item that is more than may be in flight', async () => {
    const handOver = new HandOver<Item>(10)
    handOver.offer(item('large', 100))
    assert.deepEqual(await taken(handOver.take()), ['large'])
  })

  it('gives again what comes back, before all others', async () => {
    const handOver = new HandOver<Item>(0)
    handOver.offer(item('next'))
    handOver.offerAgain(item('again'))
    assert.deepEqual(await taken(handOver.take(), handOver.take()), ['again', 'next'])
  })

  it('passes over what must wait for something else', async () => {
    const waiting = new Set(['held'])
    const handOver = new HandOver<Item>(0, ({ name }) => !waiting.has(name))
    handOver.offer(item('held'))
    handOver.offer(item('free'))
    const asked = [handOver.take(), handOver.take()]
    assert.deepEqual(await taken(...asked), ['free', 'nothing'])
    waiting.clear()
    handOver.changed()
    assert.deepEqual(await taken(...asked), ['free', 'held'])
  })

  it('gives nothing while it is paused', async () => {
    const handOver = new HandOver<Item>(0)
    handOver.pause()
    handOver.offer(item('a'))
    const asked = handOver.take()
    assert.deepEqual(await taken(asked), ['nothing'])
    handOver.resume()
    assert.deepEqual(await taken(asked), ['a'])
  })

  it('forgets what is settled before it was taken', async () => {
    const handOver = new HandOver<Item>(0)
    const first = item('first')
    handOver.offer(first)
    handOver.settle(first)
    assert.equal(handOver.isHeldUp, false)
    assert.deepEqual(await taken(handOver.take()), ['nothing'])
  })

  it('ends for all who ask, then and later', async () => {
    const handOver = new HandOver<Item>(0)
    const asked = handOver.take()
    handOver.end()
    handOver.offer(item('late'))
    assert.deepEqual(await taken(asked, handOver.take()), [undefined, undefined])
  })
})
