import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { SlsEmulator } from '../../emulator/index'
import { type FlowNode, makeUserDir, NodeRedProcess, removeUserDir } from '../e2e/node-red-process'
import { nodeTypes } from '../nodes/editor-definitions'
import { casesOf, refusedProperties } from '../nodes/verdicts'
import { runs } from '../support/counts'
import { launchChromium } from './chromium'
import { EditorPage, type Theme } from './editor-page'

/** A variable as it is typed into a field. */
const variable = ['$', '{HOSTNAME}'].join('')
const secret = 'tOpSeCrEtOfThEeDiToRtEsT'

/** A node of each kind for every test, so that one page serves them all. */
function flow(sls: SlsEmulator): FlowNode[] {
  const nodes: FlowNode[] = [{ id: 'tab', type: 'tab', label: 'Flow' }]
  for (let n = 0; n < 4; n++) {
    const config = `connection-${n}`
    const place = { z: 'tab', y: 100 + 60 * n, config }
    nodes.push(
      { id: config, type: 'sls-config', name: `local ${n}`, endpoint: sls.endpoint, project: sls.project },
      { ...place, id: `in-${n}`, type: 'sls-in', x: 200, logstores: 'access', wires: [[]] },
      { ...place, id: `out-${n}`, type: 'sls-out', x: 420, logstore: 'access', wires: [] }
    )
  }
  const place = { z: 'tab', y: 360, config: 'connection-3' }
  const hidden = { spoolBytes: 'all', buckets: 48, hashKeyValue: '', maxBlock: 'never', overflow: 'reject' }
  nodes.push(
    {
      ...place,
      id: 'in-env',
      type: 'sls-in',
      x: 200,
      logstores: 'access',
      position: variable,
      events: variable,
      outputs: 2
    },
    {
      ...place,
      id: 'out-env',
      type: 'sls-out',
      x: 420,
      logstore: 'access',
      dryRun: variable,
      ordered: 'false'
    },
    { ...place, id: 'out-hidden', type: 'sls-out', x: 420, y: 420, logstore: 'access', ...hidden, wires: [] }
  )
  return nodes
}

describe('The editor in a browser', function () {
  this.timeout(120_000)
  let browser: Browser | undefined
  let sls: SlsEmulator | undefined
  let userDir: string | undefined
  let nodeRed: NodeRedProcess | undefined
  let editor: EditorPage

  before(async function () {
    browser = await launchChromium(this)
    sls = await SlsEmulator.start({
      quiet: true,
      logstores: ['access', 'audit'],
      accessKeyId: 'LTAIeditor',
      accessKeySecret: secret
    })
    userDir = await makeUserDir()
    nodeRed = await NodeRedProcess.start(userDir, { flow: flow(sls) })
    editor = await open('en-US')
  })

  afterEach(() => editor.cancelAll())

  after(async () => {
    await browser?.close()
    await nodeRed?.stop()
    await sls?.close()
    if (userDir !== undefined) await removeUserDir(userDir)
  })

  async function open(locale: string, theme?: Theme): Promise<EditorPage> {
    assert.ok(browser && nodeRed)
    return await EditorPage.open(browser, nodeRed.url, locale, theme)
  }

  async function typeKey(key: string): Promise<void> {
    await editor.fill('node-config-input-accessKeyId', 'LTAIeditor')
    await editor.fill('node-config-input-accessKeySecret', key)
  }

  it('keeps what is typed into the dialog of a connection, and its secret to itself', async () => {
    const { page } = editor
    await editor.edit('in-0')
    await editor.editConnection()
    await editor.fill('node-config-input-name', 'renamed')
    await typeKey(secret)
    await page.click('#sls-config-test')
    await page.waitForSelector('.sls-config-good')
    assert.match(await page.innerText('#sls-config-test-result'), /2 logstores/)
    await editor.tab('sls-config-tab-advanced')
    await editor.fill('node-config-input-maxRetries', '7')
    await page.selectOption('#node-config-input-signatureVersion', 'v1')
    await editor.doneConnection()
    await editor.done()
    await editor.deploy()

    await editor.edit('in-0')
    await editor.editConnection()
    assert.equal(await page.inputValue('#node-config-input-name'), 'renamed')
    assert.equal(await page.inputValue('#node-config-input-accessKeyId'), 'LTAIeditor')
    assert.equal(await page.inputValue('#node-config-input-accessKeySecret'), '__PWRD__')
    assert.equal(await page.inputValue('#node-config-input-maxRetries'), '7')
    assert.equal(await page.inputValue('#node-config-input-signatureVersion'), 'v1')
    await page.click('#sls-config-test')
    await page.waitForSelector('.sls-config-good')
    await editor.doneConnection()
    await editor.done()

    const exported = await page.evaluate('JSON.stringify(RED.nodes.createCompleteNodeSet())')
    assert.ok(String(exported).includes('renamed'))
    assert.ok(!String(exported).includes(secret))
    assert.ok(!String(exported).includes('LTAIeditor'))
    assert.ok(!(await page.content()).includes(secret))
  })

  it('shows what a connection that does not work is told', async () => {
    await editor.edit('in-1')
    await editor.editConnection()
    await typeKey('wrong')
    await editor.page.click('#sls-config-test')
    await editor.page.waitForSelector('.sls-config-bad')
    assert.match(await editor.page.innerText('#sls-config-test-result'), /SignatureNotMatch/)
  })

  it('shows of the credentials those that the chosen kind needs', async () => {
    const { page } = editor
    await editor.edit('in-2')
    await editor.editConnection()
    const shown = async (type: string) => {
      await page.selectOption('#node-config-input-credentialType', type)
      const inputs = page.locator('#sls-config-tab-connection input:visible')
      const shown = await inputs.evaluateAll((fields) =>
        fields.map(({ id }) => id.replace('node-config-input-', ''))
      )
      return shown.filter((name) => name !== 'endpoint' && name !== 'project')
    }
    assert.deepEqual(await shown('accessKey'), ['accessKeyId', 'accessKeySecret'])
    assert.deepEqual(await shown('sts'), ['accessKeyId', 'accessKeySecret', 'securityToken'])
    assert.deepEqual(await shown('ecsRamRole'), ['roleName'])
    assert.deepEqual(await shown('oidc'), [
      'roleArn',
      'roleSessionName',
      'oidcProviderArn',
      'oidcTokenFile',
      'stsEndpoint'
    ])
    assert.deepEqual(await shown('uri'), ['credentialsUri'])
    assert.deepEqual(await shown('environment'), [])
  })

  it('keeps what is typed into the dialog of sls in', async () => {
    const { page } = editor
    await editor.edit('in-0')
    await editor.fill('node-input-logstores', 'access, audit')
    await page.selectOption('#node-input-position', 'checkpoint')
    await editor.fill('node-input-consumerGroup', 'readers')
    await page.selectOption('#node-input-defaultPosition', 'timestamp')
    await editor.fill('node-input-defaultPositionTime', '2024-05-01T08:00:00+08:00')
    await editor.tab('sls-in-tab-deliver')
    await page.selectOption('#node-input-output', 'group')
    await page.check('#node-input-parseJson')
    await page.selectOption('#node-input-acknowledge', 'manual')
    await editor.fill('node-input-maxInFlight', '1000000')
    await editor.tab('sls-in-tab-progress')
    await page.uncheck('#node-input-localState')
    await page.selectOption('#node-input-checkpointMode', 'periodic')
    await editor.fill('node-input-commitInterval', '20000')
    await editor.tab('sls-in-tab-advanced')
    await page.selectOption('#node-input-assignment', 'group')
    await editor.fill('node-input-consumer', 'gateway-1')
    await editor.fill('node-input-groupTimeout', '30')
    await page.check('#node-input-updateGroup')
    assert.equal(await page.isVisible('#node-input-taskIndex'), false)
    await page.selectOption('#node-input-assignment', 'custom')
    assert.equal(await page.isVisible('#node-input-consumer'), false)
    await typedInput(editor, 'assignmentExpression', 'jsonata', 'shard + 1')
    await editor.fill('node-input-taskIndex', variable)
    await editor.fill('node-input-taskCount', '3')
    await editor.fill('node-input-memoryLimit', variable)
    await editor.done()
    const expected = {
      logstores: 'access, audit',
      position: 'checkpoint',
      consumerGroup: 'readers',
      defaultPosition: 'timestamp',
      defaultPositionTime: '2024-05-01T08:00:00+08:00',
      output: 'group',
      parseJson: true,
      numbers: false,
      acknowledge: 'manual',
      maxInFlight: '1000000',
      localState: false,
      checkpointMode: 'periodic',
      commitInterval: '20000',
      assignment: 'custom',
      assignmentExpression: 'shard + 1',
      consumer: 'gateway-1',
      groupTimeout: '30',
      updateGroup: true,
      taskIndex: variable,
      taskCount: '3',
      memoryLimit: variable,
      fetchInterval: '100'
    }
    const saved = await editor.node('in-0')
    assert.deepEqual(pick(saved, expected), expected)
    assert.equal(Number(saved['inputs']), 1)
    await editor.edit('in-0')
    await editor.done()
    assert.deepEqual(await editor.node('in-0'), saved)
  })

  it('keeps what is typed into the dialog of sls out', async () => {
    const { page } = editor
    await editor.edit('out-0')
    await editor.fill('node-input-logstore', 'audit')
    await page.check('#node-input-overrideLogstore')
    await typedInput(editor, 'content', 'jsonata', '{"a": payload}')
    await typedInput(editor, 'time', 'msg', 'sls')
    await typedInput(editor, 'topic', 'env', 'HOSTNAME')
    await typedInput(editor, 'tags', 'json', '{"site":"a"}')
    await editor.tab('sls-out-tab-batch')
    await editor.fill('node-input-flushInterval', '500')
    await page.selectOption('#node-input-hashKey', 'md5')
    await typedInput(editor, 'hashKeyValue', 'msg', 'device')
    await editor.fill('node-input-buckets', '128')
    await editor.tab('sls-out-tab-deliver')
    await page.selectOption('#node-input-overflow', 'dropOldest')
    await editor.tab('sls-out-tab-advanced')
    await editor.fill('node-input-maxRetries', '9')
    await editor.done()
    const expected = {
      logstore: 'audit',
      overrideLogstore: true,
      content: '{"a": payload}',
      contentType: 'jsonata',
      time: 'sls',
      timeType: 'msg',
      topic: 'HOSTNAME',
      topicType: 'env',
      tags: '{"site":"a"}',
      tagsType: 'json',
      flushInterval: '500',
      hashKey: 'md5',
      hashKeyValue: 'device',
      hashKeyValueType: 'msg',
      buckets: '128',
      overflow: 'dropOldest',
      maxRetries: '9'
    }
    const saved = await editor.node('out-0')
    assert.deepEqual(pick(saved, expected), expected)
    await editor.edit('out-0')
    await editor.done()
    assert.deepEqual(await editor.node('out-0'), saved)
  })

  it('leaves a node alone whose dialog is only opened and closed', async () => {
    for (const id of ['in-3', 'out-3']) {
      await editor.edit(id)
      await editor.done()
      const node = await editor.node(id)
      await editor.edit(id)
      await editor.done()
      assert.deepEqual(await editor.node(id), node)
      assert.equal(await editor.page.evaluate(`RED.nodes.node('${id}').valid`), true)
    }
  })

  it('keeps choices and truth values that variables give until others are made', async () => {
    const { page } = editor
    await editor.edit('in-env')
    assert.equal(await page.inputValue('#node-input-position'), variable)
    await editor.done()
    const kept = { position: variable, events: variable, outputs: 2 }
    assert.deepEqual(pick(await editor.node('in-env'), kept), kept)
    await editor.edit('out-env')
    await editor.done()
    const read = { dryRun: variable, ordered: false }
    assert.deepEqual(pick(await editor.node('out-env'), read), read)
    await editor.edit('in-env')
    await editor.tab('sls-in-tab-deliver')
    await page.click('#node-input-events')
    await page.click('#node-input-events')
    await editor.done()
    const clicked = { events: false, outputs: 1 }
    assert.deepEqual(pick(await editor.node('in-env'), clicked), clicked)
  })

  it('says what is wrong with a field', async () => {
    await editor.edit('in-1')
    await editor.fill('node-input-logstores', 'no such name')
    assert.match(await editor.complaint('node-input-logstores'), /Expected names of logstores/)
    await editor.page.selectOption('#node-input-position', 'checkpoint')
    assert.match(await editor.complaint('node-input-consumerGroup'), /needs a consumer group/)
    await editor.fill('node-input-consumerGroup', 'readers')
    await editor.page.waitForSelector('#node-input-consumerGroup:not(.input-error)')
    await editor.cancelAll()
    await editor.edit('out-env')
    await editor.tab('sls-out-tab-batch')
    await editor.page.selectOption('#node-input-hashKey', 'md5')
    await typedInput(editor, 'hashKeyValue', 'msg', 'a[')
    await editor.done()
    const complaints = await editor.page.evaluate("RED.nodes.node('out-env').validationErrors.join()")
    assert.match(String(complaints), /Invalid property expression/)
  })

  it('marks the tabs that hold a field with something wrong', async () => {
    const { page } = editor
    const marked = async () => {
      const signs = page.locator('#sls-out-tabs a:has(.sls-wrong), #sls-config-tabs a:has(.sls-wrong)')
      return await signs.evaluateAll((tabs) => tabs.map((tab) => tab.getAttribute('href')))
    }
    await editor.edit('out-2')
    assert.deepEqual(await marked(), [])
    await editor.tab('sls-out-tab-batch')
    await editor.fill('node-input-maxLines', '0')
    await editor.tab('sls-out-tab-advanced')
    await editor.fill('node-input-concurrency', 'many')
    await editor.tab('sls-out-tab-log')
    await typedInput(editor, 'tags', 'json', '{"site":')
    const all = ['#sls-out-tab-log', '#sls-out-tab-batch', '#sls-out-tab-advanced']
    assert.deepEqual(await marked(), all)
    await typedInput(editor, 'tags', 'json', '{}')
    await editor.tab('sls-out-tab-batch')
    await editor.fill('node-input-maxLines', '10')
    await page.waitForFunction("$('#sls-out-tabs .sls-wrong').length === 1")
    assert.deepEqual(await marked(), ['#sls-out-tab-advanced'])
    await editor.cancelAll()
    await editor.edit('out-2')
    await editor.editConnection()
    await editor.tab('sls-config-tab-advanced')
    await editor.fill('node-config-input-requestTimeout', '1.5')
    assert.ok((await marked()).includes('#sls-config-tab-advanced'))
  })

  it('minds no field that another choice hides', async () => {
    const { page } = editor
    const isValid = (id: string) => page.evaluate(`RED.editor.validateNode(RED.nodes.node('${id}'))`)
    assert.equal(await isValid('out-hidden'), true)
    await editor.edit('out-hidden')
    assert.equal(await page.locator('.input-error').count(), 0)
    await editor.tab('sls-out-tab-deliver')
    assert.equal(await page.isVisible('#node-input-spoolBytes'), false)
    await page.selectOption('#node-input-spool', 'always')
    await page.waitForSelector('#node-input-spoolBytes.input-error', { state: 'visible' })
    assert.equal(await isValid('out-1'), true, 'a dialog speaks for its own node alone')
    await page.selectOption('#node-input-spool', 'off')
    await editor.done()
    assert.equal(await isValid('out-hidden'), true)
  })

  for (const type of nodeTypes) {
    it(`refuses the same properties of ${type} as the runtime`, async () => {
      const cases = casesOf(type, runs(0, Number.POSITIVE_INFINITY))
      const verdicts = (await editor.page.evaluate(`(() => {
        const { defaults, credentials } = RED.nodes.getType('${type}')
        return ${JSON.stringify(cases)}.map(({ properties, property }) => {
          const { validate } = defaults[property] ?? credentials[property]
          return validate !== undefined && validate.call(properties, properties[property]) !== true
        })
      })()`)) as boolean[]
      assert.equal(verdicts.length, cases.length)
      const differences = cases.filter(
        ({ properties, property }, n) => verdicts[n] !== refusedProperties(type, properties).has(property)
      )
      assert.deepEqual(
        differences.slice(0, 20).map(({ property, differences }) => [property, differences]),
        []
      )
    })
  }

  it('speaks Chinese', async () => {
    const chinese = await open('zh-CN')
    const { page } = chinese
    await chinese.edit('in-2')
    assert.match(await page.innerText('.sls-in-form'), /日志库/)
    await chinese.fill('node-input-logstores', 'no such name')
    assert.match(await chinese.complaint('node-input-logstores'), /请填写日志库名称/)
    assert.doesNotMatch(await page.innerText('.sls-in-form'), /sls-in\./)
    await chinese.cancelAll()
    await showHelp(chinese, /日志服务/)
    await chinese.close()
  })

  it('offers the logstores of the connection', async () => {
    const { page } = editor
    await editor.edit('in-2')
    await editor.editConnection()
    await typeKey(secret)
    await editor.doneConnection()
    await page.fill('#node-input-logstores', '')
    await page.locator('#node-input-logstores').pressSequentially('access,au')
    await page.locator('.red-ui-autoComplete-container >> text=audit').click()
    assert.equal(await page.inputValue('#node-input-logstores'), 'access,audit')
  })

  it('shows the help of each node, and cuts nothing of it off', async () => {
    await showHelp(editor, /Simple Log Service/)
  })

  const folder = process.env['SLS_SCREENSHOTS']
  if (folder !== undefined) {
    for (const locale of ['en-US', 'zh-CN']) {
      for (const theme of ['light', 'dark'] as const) {
        it(`is photographed, ${locale}, ${theme}`, async () => {
          await mkdir(folder, { recursive: true })
          const shown = await open(locale, theme)
          const shoot = (name: string) =>
            shown.page.screenshot({ path: path.join(folder, `${locale}-${theme}-${name}.png`) })
          await shoot('canvas')
          await shown.edit('in-3')
          for (const tab of ['read', 'deliver', 'progress', 'advanced']) {
            await shown.tab(`sls-in-tab-${tab}`)
            await shoot(`in-${tab}`)
          }
          await shown.editConnection()
          await shoot('config-connection')
          await shown.tab('sls-config-tab-advanced')
          await shoot('config-advanced')
          await shown.doneConnection()
          await shown.done()
          await shown.edit('out-3')
          for (const tab of ['log', 'batch', 'deliver', 'advanced']) {
            await shown.tab(`sls-out-tab-${tab}`)
            await shoot(`out-${tab}`)
          }
          await shown.done()
          await shown.help('sls-in')
          await shoot('help')
        })
      }
    }
  }
})

async function showHelp(editor: EditorPage, expected: RegExp): Promise<void> {
  for (const type of ['sls-in', 'sls-out', 'sls-config']) {
    await editor.help(type)
    assert.match(await editor.page.locator('.red-ui-help').last().innerText(), expected)
    assert.deepEqual(await editor.cutOffHelp(), [], type)
  }
}

async function typedInput(editor: EditorPage, property: string, type: string, value: string): Promise<void> {
  await editor.page.evaluate(
    `$('#node-input-${property}').typedInput('type', ${JSON.stringify(type)}).typedInput('value', ${JSON.stringify(value)})`
  )
}

function pick(node: FlowNode, like: object): object {
  return Object.fromEntries(Object.keys(like).map((key) => [key, node[key]]))
}
