import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import type { SlsEmulator } from '../../emulator'
import { RawClient } from './raw-client'
import { encodeGroup, jsonRequest } from './world'

/** The built one: the page lies beside it. */
const built = createRequire(__filename)(path.resolve('dist/emulator/index.js')) as {
  SlsEmulator: typeof SlsEmulator
}

describe('the page of the emulator', function () {
  this.timeout(60_000)
  let emulator: SlsEmulator
  let client: RawClient
  let browser: Browser

  before(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
    emulator = await built.SlsEmulator.start({ logstores: ['access:2'] })
    client = new RawClient(emulator)
  })
  after(async () => {
    client.close()
    await browser.close()
    await emulator.close()
  })

  async function write(text: string): Promise<void> {
    const Contents = [{ Key: 'text', Value: text }]
    const answer = await client.send({
      method: 'POST',
      target: `/logstores/access/shards/route?key=${'0'.repeat(32)}`,
      headers: { 'content-type': 'application/x-protobuf' },
      body: encodeGroup({ Topic: 'web', Logs: [{ Time: Math.floor(Date.now() / 1000), Contents }] })
    })
    assert.equal(answer.status, 200)
  }

  it('shows what there is, and goes on by itself', async () => {
    await write('<b>first</b>')
    await client.send(
      jsonRequest('/logstores/access/consumergroups', { consumerGroup: 'readers', timeout: 60, order: true })
    )
    await client.send(
      jsonRequest('/logstores/access/consumergroups/readers?type=heartbeat&consumer=gateway-1', [])
    )
    emulator.addFault({ kind: 'error', call: 'DeleteIndex', count: 3 })
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(emulator.endpoint)
    const sees = (text: string) => page.getByText(text).first().waitFor()
    await sees('Project demo')
    await sees('Logstore access')
    await sees('gateway-1')
    await sees('<b>first</b>')
    await sees('DeleteIndex')
    await sees('1 log in 1 group')
    emulator.splitShard('access', 0)
    await write('second')
    await sees('readonly')
    await sees('second')
    await sees('2 logs in 2 groups')
    await sees('ordered, time-out 60 s, 1 consumer: gateway-1')
    const records = page.locator('details').first()
    await records.locator('summary').click()
    await write('third')
    await sees('3 logs in 3 groups')
    assert.equal(await records.getAttribute('open'), null, 'what the reader closed stays closed')
    await page.close()
    assert.deepEqual(problems, [])
  })

  it('is one file, with nothing from elsewhere', async () => {
    const html = await (await fetch(emulator.endpoint)).text()
    assert.match(html, /^<!doctype html>/)
    assert.doesNotMatch(html, /(?:src|href)="(?!data:)/)
  })
})
