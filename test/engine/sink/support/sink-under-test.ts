import type { SinkOptions } from '../../../../engine/sink/options'
import { SlsSink } from '../../../../engine/sink/sink'
import { FakeClock } from './fake-clock'
import { FakeService } from './fake-service'

export interface SinkUnderTest {
  sink: SlsSink
  service: FakeService
  clock: FakeClock
}

/** A sink in front of a service of the test's own; every wait lasts as long as it may. */
export function sinkUnderTest(options: Partial<SinkOptions> = {}): SinkUnderTest {
  const service = new FakeService()
  const clock = new FakeClock()
  const sink = new SlsSink({
    client: service,
    logstore: 'access',
    compression: 'none',
    concurrency: 4,
    clock,
    random: () => 1,
    ...options
  })
  return { sink, service, clock }
}
