import { SlsClient } from '../engine/client/client'
import type { SlsConfigNode } from './connection'
import { registerConnectionAdmin } from './connection-admin'
import { connectionCredentials, readConnection } from './connection-settings'
import { duration } from './figures'
import { connectionBudget } from './lifetime'
import type { Node, NodeDefinition, NodeRed } from './node-red'
import { settingsError } from './settings-error'

export = function register(RED: NodeRed): void {
  RED.nodes.registerType('sls-config', SlsConfig, { credentials: connectionCredentials })
  registerConnectionAdmin(RED)

  function SlsConfig(this: Node, definition: NodeDefinition): void {
    RED.nodes.createNode(this, definition)
    const users: Record<string, Node> = {}
    const losses = new Map<Node, () => void>()
    let shared: SlsClient | undefined
    let lastReleased = (): void => undefined

    const connection: Pick<SlsConfigNode, 'users' | 'client' | 'release'> = {
      users,
      client: (user, lost) => {
        if (shared === undefined) {
          const { options, issues } = readConnection(RED, definition, this.credentials ?? {})
          if (issues.length > 0) throw settingsError(issues, 'sls-config', RED)
          shared = new SlsClient({ ...options, onClockSkew: (offset) => warnOfClock(RED, this, offset) })
        }
        users[user.id] = user
        losses.set(user, lost)
        return shared
      },
      release: (user) => {
        losses.delete(user)
        if (users[user.id] !== user) return
        delete users[user.id]
        if (Object.keys(users).length === 0) lastReleased()
      }
    }
    Object.assign(this, connection)

    this.on('close', (_removed, done) => {
      // Users close at the same time and may still have to flush: the pool stays until the last one let go.
      const limit = setTimeout(finish, connectionBudget(RED.settings))
      lastReleased = finish
      if (Object.keys(users).length === 0) finish()
      // Users that are closed with this node are told so in the same turn; the others cannot know.
      setImmediate(() => {
        for (const lost of losses.values()) lost()
      })

      function finish(): void {
        clearTimeout(limit)
        lastReleased = () => undefined
        shared?.close()
        shared = undefined
        done()
      }
    })
  }
}

/** The clock of this machine is off, or right again: the log says so once. */
function warnOfClock(RED: NodeRed, node: Node, offset: number): void {
  const text = (key: string) => RED._(`sls-config.clock.${key}`, { time: duration(Math.abs(offset) / 1000) })
  if (offset === 0) node.log(text('right'))
  else node.warn(text(offset > 0 ? 'behind' : 'ahead'))
}
