import { SlsClient } from '../engine/client/client'
import { SlsError } from '../engine/client/errors'
import { connectionCredentials, readConnection } from './connection-settings'
import { errorFacts, toNodeError } from './node-error'
import type { AdminRequest, AdminResponse, Node, NodeRed } from './node-red'
import { settingsError } from './settings-error'

/** What Node-RED's editor has in the place of a stored secret that it may not see. */
const unchangedSecret = '__PWRD__'
/** Milliseconds: somebody waits before an open dialog. */
const patience = 15_000

/**
 * `POST sls/connection` tries a connection as the form has it, deployed or not, and answers
 * `{ok: true, logstores}` or `{ok: false, error}`; never with a credential. It asks for the right to change the
 * node, since it makes the server sign a request for whatever host the form names.
 */
export function registerConnectionAdmin(RED: NodeRed): void {
  const guard = RED.auth.needsPermission('sls-config.write')
  RED.httpAdmin.post('/sls/connection', guard, (request, response) => {
    answer(RED, request, response).catch((error: unknown) => {
      process.emitWarning(error instanceof Error ? error : String(error))
    })
  })
}

async function answer(RED: NodeRed, request: AdminRequest, response: AdminResponse): Promise<void> {
  try {
    response.json({ ok: true, logstores: await listLogstores(RED, formOf(request.body)) })
  } catch (error) {
    response.json({ ok: false, error: describe(error) })
  }
}

/** The facts of an error and its one line for people. */
function describe(error: unknown): Record<string, unknown> {
  const facts = error instanceof SlsError ? errorFacts(error) : { code: 'Unexpected' }
  return { ...facts, message: toNodeError(error).message }
}

async function listLogstores(RED: NodeRed, form: ConnectionForm): Promise<string[]> {
  const deployed = RED.nodes.getNode(form.id) ?? undefined
  const values = withVariables(RED, deployed, form.values)
  const credentials = withVariables(RED, deployed, withStoredSecrets(deployed, form))
  const { options, issues } = readConnection(RED, values, credentials)
  if (issues.length > 0) throw settingsError(issues, 'sls-config', RED)
  const client = new SlsClient(options)
  try {
    return await client.listLogstores(AbortSignal.timeout(patience))
  } finally {
    client.close()
  }
}

interface ConnectionForm {
  id: string
  values: Readonly<Record<string, unknown>>
  credentials: Readonly<Record<string, unknown>>
}

function formOf(body: unknown): ConnectionForm {
  const form = objectOf(body)
  const id = form['id']
  return {
    id: typeof id === 'string' ? id : '',
    values: objectOf(form['values']),
    credentials: objectOf(form['credentials'])
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** What Node-RED does when it deploys: a value that is a variable as a whole is replaced, if there is such a one. */
function withVariables(
  RED: NodeRed,
  deployed: Node | undefined,
  values: Readonly<Record<string, unknown>>
): Record<string, unknown> {
  const replaced = (value: unknown): unknown => {
    const name = typeof value === 'string' ? /^\s*\$\{([^}]+)\}\s*$/.exec(value)?.[1] : undefined
    if (name === undefined || RED.settings.envVarExcludes?.includes(name)) return value
    const variable = RED.util.evaluateNodeProperty(name, 'env', deployed, {})
    return variable === '' ? value : variable
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, replaced(value)]))
}

/** What the form leaves as it is comes from the deployed node. */
function withStoredSecrets(deployed: Node | undefined, form: ConnectionForm): Record<string, unknown> {
  const stored = deployed?.type === 'sls-config' ? (deployed.credentials ?? {}) : {}
  return Object.fromEntries(
    Object.keys(connectionCredentials).map((name) => {
      const typed = form.credentials[name]
      return [name, typed === undefined || typed === unchangedSecret ? stored[name] : typed]
    })
  )
}
