import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { parseCommandLine } from '../../emulator/cli-options'

const cli = path.resolve('dist/emulator/cli.js')

interface Announcement {
  endpoint: string
  project: string
  logstores: string[]
  accessKeyId: string
  accessKeySecret: string
}

describe('the command line', () => {
  const running: ChildProcess[] = []
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })

  async function start(...args: readonly string[]): Promise<{ child: ChildProcess; line: Announcement }> {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(child)
    if (child.stdout === null) throw new Error('no stdout')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return { child, line: JSON.parse(line) as Announcement }
  }

  /** How an emulator ends that must not start. */
  function failure(args: readonly string[]): Promise<{ args: string; code: number; stderr: string }> {
    return promisify(execFile)(process.execPath, [cli, ...args]).then(
      () => assert.fail(`must not start: ${args.join(' ')}`),
      (error: { code: number; stderr: string }) => ({ ...error, stderr: error.stderr, args: args.join(' ') })
    )
  }

  it('prints one line of JSON when it listens, and ends on SIGTERM', async () => {
    const { child, line } = await start('--port', '0')
    assert.deepEqual(Object.keys(line), [
      'endpoint',
      'project',
      'logstores',
      'accessKeyId',
      'accessKeySecret'
    ])
    assert.match(line.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.deepEqual([line.project, line.logstores], ['demo', ['access']])
    assert.equal((await fetch(`${line.endpoint}/_emulator/stats`)).status, 200)
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  it('takes project, logstores and key', async () => {
    const { line } = await start(
      ...['--port', '0', '--project', 'shop', '--logstore', 'orders:3', '--logstore', 'views', '--quiet'],
      ...['--access-key-id', 'id', '--access-key-secret', 'secret']
    )
    assert.deepEqual(
      [line.project, line.logstores, line.accessKeyId, line.accessKeySecret],
      ['shop', ['orders', 'views'], 'id', 'secret']
    )
    const stats = (await (await fetch(`${line.endpoint}/_emulator/stats`)).json()) as {
      projects: { shop: { orders: { shards: unknown[] } } }
    }
    assert.equal(stats.projects.shop.orders.shards.length, 3)
  })

  it('keeps its data, and its key, after a kill', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sls-emulator-cli-'))
    try {
      const first = await start('--port', '0', '--data', folder)
      first.child.kill('SIGKILL')
      await once(first.child, 'exit')
      const second = await start('--port', '0', '--data', folder)
      assert.equal(second.line.accessKeySecret, first.line.accessKeySecret)
      second.child.kill('SIGKILL')
      await once(second.child, 'exit')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('refuses a data folder that is in use, and one that holds no state', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sls-emulator-cli-'))
    const refusal = () => failure(['--port', '0', '--data', folder])
    try {
      const { child } = await start('--port', '0', '--data', folder)
      const { code, stderr } = await refusal()
      assert.equal(code, 1)
      assert.match(
        stderr,
        new RegExp(`^sls-emulator: data folder ${folder} is in use by process ${child.pid};`)
      )
      child.kill('SIGKILL')
      await once(child, 'exit')
      writeFileSync(path.join(folder, 'state.json'), 'x')
      assert.match((await refusal()).stderr, /^sls-emulator: .*state\.json is not valid JSON\n$/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('says what is wrong and how it is used, and exits with 2', async () => {
    const wrong = [['--nonsense'], ['--port', '70000'], ['--memory', 'much'], ['--retention', '0']]
    for (const { args, code, stderr } of await Promise.all(wrong.map(failure))) {
      assert.equal(code, 2, args)
      assert.match(stderr, /^sls-emulator: .+\nUsage: /)
    }
  })

  it('says in one line when the port is taken, or an option makes no sense, and exits with 1', async () => {
    const { line } = await start('--port', '0')
    const wrong = [
      ['--port', new URL(line.endpoint).port],
      ['--port', '0', '--logstore', 'a:1'],
      ['--port', '0', '--logstore', 'access:2:3'],
      ['--port', '0', '--logstore', 'access:'],
      ['--port', '0', '--project', 'Demo'],
      ['--port', '0', '--access-key-id', 'alone']
    ]
    for (const { args, code, stderr } of await Promise.all(wrong.map(failure))) {
      assert.equal(code, 1, args)
      assert.match(stderr, /^sls-emulator: [^\n]+\n$/)
    }
  })

  it('refuses a data folder where the system takes none, instead of trying for ever', async function () {
    if (!existsSync('/proc/self')) this.skip()
    const { code, stderr } = await failure(['--port', '0', '--data', '/proc/sls-data/here'])
    assert.equal(code, 1)
    assert.match(stderr, /ENOENT.*\/proc\/sls-data/)
  })

  it('explains itself', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [cli, '--help'])
    assert.match(stdout, /^Usage: sls-emulator/)
  })
})

describe('options of the command line', () => {
  it('have the documented defaults', () => {
    assert.deepEqual(parseCommandLine([]), { port: 9000, memory: 1024 ** 3 })
  })

  it('are all understood', () => {
    assert.deepEqual(
      parseCommandLine([
        ...[
          '--port',
          '1',
          '--host',
          '::1',
          '--hostname',
          'sls.test',
          '--project',
          'p',
          '--logstore',
          'a',
          '--logstore',
          'b:3'
        ],
        ...[
          '--access-key-id',
          'i',
          '--access-key-secret',
          's',
          '--data',
          'd',
          '--memory',
          '2g',
          '--retention',
          '12h'
        ],
        ...['--quotas', '--strict', '--any-log-time', '--quiet']
      ]),
      {
        port: 1,
        host: '::1',
        hostnames: ['sls.test'],
        project: 'p',
        logstores: ['a', 'b:3'],
        accessKeyId: 'i',
        accessKeySecret: 's',
        data: 'd',
        memory: 2 * 1024 ** 3,
        retention: 12 * 3600,
        quotas: true,
        strict: true,
        checkLogTime: false,
        quiet: true
      }
    )
  })
})
