import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator'
import { read } from '../nodes/logstore'
import { withNodeRed } from '../nodes/runtime'
import { Gateway } from './support/gateway'
import { writingFlow } from './support/writing-flow'

describe('A gateway that answers 502 with a page', () => {
  withNodeRed()

  it('is asked again, and what was written through it arrives once', async () => {
    const sls = await SlsEmulator.start({ quiet: true })
    const gateway = await Gateway.before(sls)
    let pages = 0
    gateway.intercept = (request, response) => {
      if (request.method !== 'POST' || ++pages > 2) return false
      response.writeHead(502, { 'content-type': 'text/html', 'x-log-requestid': 'none' })
      response.end('<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>')
      return true
    }
    const flow = await writingFlow(sls, { connection: { endpoint: gateway.endpoint } })
    flow.send('out', { payload: { n: 1 } })
    const message = await flow.first('done')
    assert.equal((message['slsReceipt'] as { attempts: number }).attempts, 3)
    await flow.stop()
    assert.equal(flow.messages('failed').length, 0)
    assert.deepEqual(
      (await read(sls, 1)).map(({ contents }) => contents),
      [[['n', '1']]]
    )
    await gateway.close()
    await sls.close()
  })
})
