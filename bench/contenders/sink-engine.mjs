// The engine's sink.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { dataSets } from '../data.mjs'
import { built, root } from '../paths.mjs'

const { SlsSink } = built('engine/sink/sink.js')

/** Writes out at a time: enough to keep batches coming. */
const WRITES_OUT = 16

export async function open({ connection, sink: options = {} }) {
  const sink = new SlsSink({ client: { ...connection, region: 'cn-hangzhou' }, ...options })
  const writes = new Map()

  function writesOf({ data, size, keys = 0 }) {
    const name = `${data} ${size} ${keys}`
    if (!writes.has(name)) writes.set(name, makeWrites(data, size, keys))
    return writes.get(name)
  }

  return {
    /**
     * Writes `logs` logs, `size` a write; with `keys` each write goes to one of so many hash keys, with
     * `fresh` each log is put together anew, as whoever has records must do it.
     */
    async write({ data, logs, size = 2000, logstore = data, keys = 0, fresh = false }) {
      const prepared = writesOf({ data, size, keys })
      let out = 0
      let goOn = () => undefined
      let failure
      const settled = (error) => {
        failure ??= error
        out--
        goOn()
      }
      const most = Math.max(WRITES_OUT, Math.ceil(20_000 / size))
      const turnEvery = Math.max(1, Math.floor(1000 / size))
      let count = 0
      for (let sent = 0; sent < logs; count++) {
        const write = prepared[count % prepared.length]
        const accepted = sink.write({
          ...write,
          logs: fresh ? write.logs.map(({ time, contents }) => ({ time, contents })) : write.logs,
          logstore
        })
        out++
        accepted.then(() => settled(), settled)
        sent += size
        // A program that writes at full speed still has to let its event loop turn.
        if (count % turnEvery === 0) await nextTurn()
        if (out >= most) await new Promise((resolve) => (goOn = resolve))
      }
      await sink.flush()
      if (failure !== undefined) throw failure
      return { logs: count * size }
    },

    /** Fills the buffer and keeps it full for a while. */
    async overfill({ data, milliseconds }) {
      const prepared = writesOf({ data, size: 2000 })
      const end = performance.now() + milliseconds
      let most = 0
      for (let count = 0; performance.now() < end; count++) {
        sink.write({ ...prepared[count % prepared.length], logstore: 'slow' }).catch(() => undefined)
        most = Math.max(most, sink.status().memory.used)
        do await nextTurn()
        while (sink.status().waitingWrites > 0 && performance.now() < end)
      }
      return { most }
    },

    close: () => sink.close(1000)
  }
}

function makeWrites(data, size, keys) {
  const { records, times } = dataSets(root, 2000)[data]
  const all = records.map((contents, index) => ({ time: times[index], contents }))
  const writes = []
  const variants = Math.max(1, Math.min(2000 / Math.min(size, 2000), 2000), keys)
  for (let number = 0; number < variants; number++) {
    const from = (number * size) % 2000
    const logs = Array.from({ length: size }, (_, index) => all[(from + index) % 2000])
    const write = { logs, topic: 'bench', source: '10.0.0.1' }
    if (keys > 0) write.hashKey = (BigInt(number % keys) << 120n).toString(16).padStart(32, '0')
    writes.push(write)
  }
  return writes
}
