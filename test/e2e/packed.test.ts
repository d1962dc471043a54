import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { EmulatorProcess } from './emulator-process'
import { type ExampleFlow, readExamples } from './examples'
import { NodeRedProcess, removeUserDir } from './node-red-process'
import { installPacked } from './packed'

const packageName = 'node-red-contrib-aliyun-sls'
const types = ['sls-config', 'sls-in', 'sls-out']

interface NodeSet {
  id: string
  types: string[]
  enabled: boolean
  err?: string
}

describe('The package, installed from its tarball', function () {
  this.timeout(120_000)
  let userDir: string
  let sls: EmulatorProcess
  let nodeRed: NodeRedProcess

  before(async () => {
    userDir = await installPacked()
    sls = await EmulatorProcess.start(
      '--project',
      'my-project',
      '--logstore',
      'my-logstore',
      '--logstore',
      'my-results',
      '--logstore',
      'telemetry'
    )
    nodeRed = await NodeRedProcess.start(userDir)
  })

  after(async () => {
    await nodeRed.stop()
    await sls.stop()
    await removeUserDir(userDir)
  })

  const get = async (resource: string, accept: string) => {
    const response = await fetch(`${nodeRed.url}${resource}`, { headers: { accept } })
    assert.equal(response.status, 200, resource)
    return await response.text()
  }

  it('ships what runs, the emulator and the examples, and neither sources nor tests', async () => {
    const folder = path.join(userDir, 'node_modules', packageName)
    const present = await readdir(folder)
    for (const wanted of ['dist', 'examples', 'README.md', 'README.zh-CN.md', 'LICENSE', 'package.json']) {
      assert.ok(present.includes(wanted), wanted)
    }
    for (const unwanted of ['test', 'scripts', 'bench', 'node_modules', 'build', 'tsconfig.json']) {
      assert.ok(!present.includes(unwanted), unwanted)
    }
    assert.ok(existsSync(path.join(folder, 'dist/emulator/cli.js')))
    assert.ok(existsSync(path.join(folder, 'dist/engine/index.d.ts')))
  })

  it('loads its three nodes without an error', async () => {
    const sets = ((await nodeRed.getJson('/nodes')) as NodeSet[]).filter(({ id }) =>
      id.startsWith(`${packageName}/`)
    )
    assert.deepEqual(
      new Set(sets.map(({ id }) => id)),
      new Set(types.map((type) => `${packageName}/${type}`))
    )
    for (const { id, enabled, err, types: registered } of sets) {
      assert.ok(enabled && err === undefined, `${id}: ${err}`)
      assert.deepEqual(registered, [id.split('/')[1]])
    }
  })

  it('serves its icons', async () => {
    const icons = (await nodeRed.getJson('/icons')) as Partial<Record<string, string[]>>
    const own = icons[packageName] ?? []
    assert.ok(own.length > 0)
    for (const icon of own) assert.match(await get(`/icons/${packageName}/${icon}`, '*/*'), /<svg/)
  })

  for (const language of ['en-US', 'zh-CN', 'zh-TW', 'zh']) {
    it(`has texts and help in ${language}`, async () => {
      for (const type of types) {
        const catalogue = JSON.parse(
          await get(`/locales/${packageName}/${type}?lng=${language}`, 'application/json')
        ) as Record<string, unknown>
        assert.ok(Object.keys(catalogue).length > 0, type)
        const chinese = /\p{Script=Han}/u.test(JSON.stringify(catalogue))
        assert.equal(chinese, language !== 'en-US', type)
      }
      const response = await fetch(`${nodeRed.url}/nodes`, {
        headers: { accept: 'text/html', 'accept-language': language }
      })
      const html = await response.text()
      for (const type of types) {
        const help = new RegExp(`data-help-name="${type}"[^>]*>([\\s\\S]*?)</script>`).exec(html)?.[1]
        assert.ok(help !== undefined, `help of ${type}`)
        assert.equal(/\p{Script=Han}/u.test(help), language !== 'en-US', `help of ${type}`)
      }
    })
  }

  it('offers its examples in the import dialog', async () => {
    const folder = `/library/examples/flows/${packageName}`
    const offered = (await nodeRed.getJson(folder)) as { fn: string }[]
    const examples = await readExamples()
    assert.deepEqual(
      offered.map(({ fn }) => fn),
      examples.map(({ name }) => name)
    )
    for (const { name, flow } of examples) assert.deepEqual(await nodeRed.getJson(`${folder}/${name}`), flow)
  })

  it('deploys each example', async () => {
    for (const example of await readExamples()) await deployExample(example)
  })

  async function deployExample({ name, flow }: ExampleFlow): Promise<void> {
    const before = nodeRed.output.length
    await nodeRed.deploy(
      flow.map((node) =>
        node.type === 'sls-config'
          ? {
              ...node,
              endpoint: sls.endpoint,
              project: 'my-project',
              credentials: { accessKeyId: sls.accessKeyId, accessKeySecret: sls.accessKeySecret }
            }
          : node
      )
    )
    const printed = nodeRed.output.slice(before)
    assert.doesNotMatch(printed, /missing types/i, name)
    const errors = printed.split('\n').filter((line) => line.includes('[error]') && !line.includes('[mqtt'))
    assert.deepEqual(errors, [], name)
  }
})
