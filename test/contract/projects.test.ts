import assert from 'node:assert/strict'
import { serviceOfSuite } from './service'
import type { CallRequest } from './support/calls'
import { eventually } from './support/eventually'
import { ownName } from './support/leftovers'
import { acceptedEmpty, refused } from './support/reply'
import { mayCreateProjects } from './support/target'
import { unproven } from './support/unproven'

interface Project {
  projectName: string
  description: string
  status: string
}

const UNKNOWN = 'no-such-project-at-all-0'

describe('Contract: projects', () => {
  const service = serviceOfSuite()

  const get = (project?: string) => service.call({ path: '/', ...(project === undefined ? {} : { project }) })
  const create = (json: unknown, project: string | null) =>
    service.call({ method: 'POST', path: '/', json, project })

  describe('GetProject', () => {
    it('gives name, state, owner, region and times', async () => {
      const project = await service.json<Record<string, unknown>>({ path: '/' })
      assert.equal(project['projectName'], service.target.project)
      assert.equal(project['status'], 'Normal')
      for (const property of ['description', 'owner', 'region', 'createTime', 'lastModifyTime']) {
        assert.equal(typeof project[property], 'string', property)
      }
    })

    it('refuses an unknown project as ProjectNotExist, and names it', async () => {
      refused(await get(UNKNOWN), 404, 'ProjectNotExist', `The Project does not exist : ${UNKNOWN}`)
    })
  })

  it('refuses every call on an unknown project as ProjectNotExist', async () => {
    for (const path of ['/logstores', '/logstores/access', '/logstores/access/shards']) {
      refused(await service.call({ path, project: UNKNOWN }), 404, 'ProjectNotExist')
    }
  })

  describe('ListProjects', () => {
    const list = (query: CallRequest['query']) =>
      service.json<{ count: number; total: number; projects: Project[] }>({
        path: '/',
        project: null,
        query: { offset: 0, size: 100, ...query }
      })

    it('lists the project by its name', async () => {
      const { projects } = await list({ projectName: service.target.project })
      assert.ok(projects.some(({ projectName }) => projectName === service.target.project))
    })

    it('counts what it lists, and all there are', async () => {
      const { count, total, projects } = await list({ size: 1 })
      assert.equal(projects.length, 1)
      assert.equal(count, 1)
      assert.ok(total >= 1)
    })

    it('lists none where no name holds the text', async () => {
      const { count, projects } = await list({ projectName: UNKNOWN })
      assert.equal(count, 0)
      assert.deepEqual(projects, [])
    })
  })

  describe('CreateProject', () => {
    it('refuses a name that is taken as ProjectAlreadyExist', async () => {
      const { project } = service.target
      refused(await create({ projectName: project, description: '' }, project), 400, 'ProjectAlreadyExist')
    })

    for (const [name, words] of [
      ['ab', 'of two characters'],
      ['a'.repeat(64), 'of 64 characters'],
      ['with_underscore', 'with an underscore'],
      ['-leading', 'that begins with a hyphen'],
      ['trailing-', 'that ends with a hyphen']
    ] as const) {
      it(`refuses a name ${words}`, async () => {
        const reply = await create({ projectName: name, description: '' }, null)
        refused(reply, 400, ['ParameterInvalid', 'ProjectInfoInvalid'])
      })
    }

    unproven('calls a name that is against the rules ParameterInvalid', async () => {
      refused(await create({ projectName: 'ab', description: '' }, null), 400, 'ParameterInvalid')
    })
  })

  if (!mayCreateProjects()) return

  describe('a project of our own', () => {
    const name = ownName()
    const projectOf = () => service.json<Project>({ path: '/', project: name })
    after(() => service.call({ method: 'DELETE', path: '/', project: name }))

    it('is created with nothing but a 200, on the project’s host', async () => {
      acceptedEmpty(await create({ projectName: name, description: 'contract' }, name))
      await eventually(async () => assert.equal((await projectOf()).description, 'contract'))
    })

    it('holds no logstores at first', async () => {
      const reply = await service.json<{ logstores: string[] }>({ path: '/logstores', project: name })
      assert.deepEqual(reply.logstores, [])
    })

    it('changes its description', async () => {
      const json = { projectName: name, description: 'changed' }
      acceptedEmpty(await service.call({ method: 'PUT', path: '/', json, project: name }))
      await eventually(async () => assert.equal((await projectOf()).description, 'changed'))
    })

    it('is deleted with nothing but a 200; then it is not known any more', async () => {
      acceptedEmpty(await service.call({ method: 'DELETE', path: '/', project: name }))
      await eventually(async () => refused(await get(name), 404, 'ProjectNotExist'))
    })

    it('is not deleted twice', async () => {
      const reply = await service.call({ method: 'DELETE', path: '/', project: name })
      refused(reply, 404, 'ProjectNotExist')
    })

    it('is created on the account’s host as well', async () => {
      const other = ownName()
      acceptedEmpty(await create({ projectName: other, description: '' }, null))
      await eventually(async () =>
        acceptedEmpty(await service.call({ method: 'DELETE', path: '/', project: other }))
      )
    })
  })
})
