// The process behind a contender: loads its module, then runs what the parent asks for and measures it.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const DELAY_RESOLUTION = 10

/** Work starts and stops it itself where not all that it does is to be measured. */
class Meter {
  #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION })
  #cpu
  #began
  measured = {}
  started = false
  /** Bytes before the work. */
  idleRss = 0
  #peakRss = 0
  #sampler

  /** @param watching false where watching the event loop and the memory would cost more than what is measured */
  start(watching = true) {
    this.started = true
    if (watching) this.#delay.enable()
    else {
      this.#delay.disable()
      clearInterval(this.#sampler)
    }
    this.#delay.reset()
    this.#began = performance.now()
    this.#cpu = process.cpuUsage()
  }

  stop() {
    const { user, system } = process.cpuUsage(this.#cpu)
    const wall = (performance.now() - this.#began) / 1000
    const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - DELAY_RESOLUTION)
    this.measured = {
      cpu: (user + system) / 1e6,
      wall,
      p99: ms(this.#delay.percentile(99)),
      longest: ms(this.#delay.max)
    }
    this.#delay.disable()
    this.started = false
  }

  /** Without collecting garbage first: that would give back what the next run then has to ask for anew. */
  watchMemory() {
    this.idleRss = process.memoryUsage.rss()
    this.#peakRss = this.idleRss
    this.#sampler = setInterval(() => this.#sampleMemory(), 100)
  }

  endMemory() {
    this.#sampleMemory()
    clearInterval(this.#sampler)
    return { idleRss: this.idleRss, peakRss: this.#peakRss }
  }

  #sampleMemory() {
    this.#peakRss = Math.max(this.#peakRss, process.memoryUsage.rss())
  }
}

async function perform({ work, args }) {
  const meter = new Meter()
  meter.watchMemory()
  meter.start()
  const result = await subject[work](...args, meter)
  if (meter.started) meter.stop()
  process.send({ ...meter.measured, ...meter.endMemory(), result })
}

/** Milliseconds in which it has to end once nobody listens. */
const PATIENCE = 3000

process.on('disconnect', async () => {
  setTimeout(() => process.exit(1), PATIENCE)
  await subject.close?.()
  process.exit()
})
const [module, options] = process.argv.slice(2)
const { open } = await import(new URL(`./contenders/${module}.mjs`, import.meta.url))
const subject = await open(JSON.parse(options))
process.on('message', (message) => {
  perform(message).catch((error) => process.send({ error: String(error?.stack ?? error) }))
})
process.send({ ready: true })
