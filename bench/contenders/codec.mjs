// One codec, encoding and decoding groups of every data set.
import assert from 'node:assert/strict'
import { dataSets, shapedSet } from '../data.mjs'
import { built, root } from '../paths.mjs'

/** Bytes: the service takes no more. */
const LARGEST_GROUP = 10_000_000

const peers = {
  ours: openOurs,
  reflection: async () => (await import('../peers/protobufjs-messages.mjs')).protobufjs('reflection'),
  static: async () => (await import('../peers/protobufjs-messages.mjs')).protobufjs('static'),
  'by hand': () => import('../peers/by-hand.mjs'),
  '@alicloud/log': () => import('../peers/alicloud-log-codec.mjs'),
  JSON: () => ({
    encode: ({ records }) => Buffer.from(JSON.stringify(records)),
    decode: (body) => JSON.parse(body.toString())
  })
}

function openOurs() {
  const { LogGroupEncoder } = built('engine/client/codec/log-group-encoder.js')
  const { parseLogGroup } = built('engine/client/codec/log-group-list.js')
  let last
  return {
    /** As the sink does it: straight into memory that the group before has let go of. */
    encode: ({ records, times }) => {
      last?.release()
      const encoder = new LogGroupEncoder({ topic: 'bench', source: '10.0.0.1' })
      last = encoder
      for (let index = 0; index < records.length; index++) {
        encoder.append({ time: times[index], contents: records[index] })
      }
      return encoder.finish()
    },
    decode: (body) => parseLogGroup(body).records().records
  }
}

export async function open({ peer, groupSize }) {
  const codec = await peers[peer]()
  const sets = dataSets(root, groupSize)
  const bodies = {}
  for (const [name, data] of Object.entries(sets)) {
    bodies[name] = Buffer.from(codec.encode(data))
    assert.deepEqual(codec.decode(bodies[name]), data.records, `${peer}, ${name}`)
  }
  const repeat = (milliseconds, logs, run) => {
    const end = performance.now() + milliseconds
    let times = 0
    for (; performance.now() < end; times++) run()
    return { logs: times * logs }
  }
  /** A data set, or one of this shape: `fields 50`, `message 1000`. */
  const prepare = (name) => {
    sets[name] ??= shapedSet(name, groupSize, LARGEST_GROUP)
    bodies[name] ??= Buffer.from(codec.encode(sets[name]))
  }
  return {
    encode: (name, milliseconds) => {
      prepare(name)
      return repeat(milliseconds, sets[name].records.length, () => codec.encode(sets[name]))
    },
    decode: (name, milliseconds) => {
      prepare(name)
      return repeat(milliseconds, sets[name].records.length, () => codec.decode(bodies[name]))
    },
    bytes: (name) => bodies[name].length
  }
}
