import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { isLive, liveTarget, mayCreateProjects } from './support/target'

const complete = {
  SLS_ENDPOINT: 'cn-hangzhou-intranet.log.aliyuncs.com',
  SLS_PROJECT: 'p',
  SLS_ACCESS_KEY_ID: 'id',
  SLS_ACCESS_KEY_SECRET: 'a secret that nobody may print'
}

describe('Contract: a live run', () => {
  it('happens by npm run test:live alone, never because the variables of the service are there', () => {
    assert.equal(isLive(complete), false)
    assert.equal(isLive({ ...complete, SLS_LIVE: '1' }), true)
  })

  it('creates projects only where that is allowed', () => {
    assert.equal(mayCreateProjects({ ...complete, SLS_LIVE: '1' }), false)
    assert.equal(mayCreateProjects({ ...complete, SLS_LIVE: '1', SLS_LIVE_PROJECTS: '1' }), true)
  })

  it('goes to the project’s host over TLS, and knows the region by the endpoint', () => {
    const target = liveTarget(complete)
    assert.equal(target.region, 'cn-hangzhou')
    assert.deepEqual(target.url('p'), {
      protocol: 'https:',
      hostname: 'p.cn-hangzhou-intranet.log.aliyuncs.com',
      port: 443,
      host: 'p.cn-hangzhou-intranet.log.aliyuncs.com'
    })
  })

  it('takes the region from SLS_REGION where the endpoint does not tell it', () => {
    const target = liveTarget({
      ...complete,
      SLS_ENDPOINT: 'http://sls.example.com:8080',
      SLS_REGION: 'cn-beijing'
    })
    assert.equal(target.region, 'cn-beijing')
    assert.deepEqual(target.url(undefined), {
      protocol: 'http:',
      hostname: 'sls.example.com',
      port: 8080,
      host: 'sls.example.com:8080'
    })
  })

  it('connects to a local address itself, with the project in the Host header', () => {
    const target = liveTarget({ ...complete, SLS_ENDPOINT: 'http://127.0.0.1:9000' })
    assert.deepEqual(target.url('p'), {
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: 9000,
      host: 'p.127.0.0.1:9000'
    })
  })

  it('does not start without its variables, names those that are missing, and no secret', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test-live.mjs'], {
      env: { PATH: process.env['PATH'], ...complete, SLS_PROJECT: '', SLS_ACCESS_KEY_ID: undefined },
      encoding: 'utf8'
    })
    assert.notEqual(status, 0)
    assert.match(stderr, /needs SLS_PROJECT, SLS_ACCESS_KEY_ID in/)
    assert.ok(!`${stdout}${stderr}`.includes(complete.SLS_ACCESS_KEY_SECRET))
  })

  for (const missing of Object.keys(complete)) {
    it(`has no service to go to without ${missing}`, () => {
      assert.throws(() => liveTarget({ ...complete, [missing]: '' }), new RegExp(missing))
    })
  }
})
