import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { EmulatorProcess } from './emulator-process'
import { connection, tab, writingOverHttp } from './flows'
import { makeUserDir, NodeRedProcess, removeUserDir } from './node-red-process'
import { indexed, postRecords } from './records'

describe('The key of a connection', function () {
  this.timeout(60_000)
  const secret = 'K9sEcReTk9SeCrEtK9sEcReT000001'
  let sls: EmulatorProcess
  let userDir: string
  let nodeRed: NodeRedProcess

  before(async () => {
    const key = ['--access-key-id', 'LTAItest', '--access-key-secret', secret]
    sls = await EmulatorProcess.start('--project', 'test', '--logstore', 'logs', ...key)
    userDir = await makeUserDir()
    nodeRed = await NodeRedProcess.start(userDir, {
      flow: [tab, connection(sls), ...writingOverHttp('logs')],
      settings: { logging: { console: { level: 'trace', metrics: false, audit: true } } }
    })
    await postRecords(nodeRed.url, indexed(0, 10))
  })

  after(async () => {
    await nodeRed.stop()
    await sls.stop()
    await removeUserDir(userDir)
  })

  it('works, and is nowhere in a flow that is exported', async () => {
    const exported = JSON.stringify(await nodeRed.flow())
    assert.ok(exported.includes('"sls-config"'))
    assert.ok(!exported.includes(secret))
    assert.ok(!exported.includes('LTAItest'))
  })

  it('is nowhere in the files of the user directory, which keep it encrypted', async () => {
    for (const file of ['flows.json', 'flows_cred.json']) {
      assert.ok(!(await readFile(path.join(userDir, file), 'utf8')).includes(secret), file)
    }
  })

  it('does not come back to the editor, which learns only that there is one', async () => {
    const credentials = await nodeRed.getJson('/credentials/sls-config/connection')
    assert.ok(!JSON.stringify(credentials).includes(secret))
    assert.equal((credentials as Record<string, unknown>)['has_accessKeySecret'], true)
  })

  it('is nowhere in the log, at the level trace either, when SLS refuses it', async () => {
    const wrong = { ...connection(sls), credentials: { accessKeyId: 'LTAIwrong', accessKeySecret: secret } }
    await nodeRed.deploy([tab, { ...wrong, maxRetries: 0 }, ...writingOverHttp('logs')])
    const response = await fetch(`${nodeRed.url}/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(indexed(0, 1))
    })
    const answer = await response.text()
    assert.equal(response.status, 502, answer)
    assert.ok(!answer.includes(secret))
    assert.ok(!nodeRed.output.includes(secret))
  })
})
