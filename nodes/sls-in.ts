import { guard } from './guard'
import type { Node, NodeDefinition, NodeRed } from './node-red'
import { Renewal } from './renewal'
import { SourceNode } from './source-node'

export = function register(RED: NodeRed): void {
  RED.nodes.registerType('sls-in', SlsIn)

  function SlsIn(this: Node, definition: NodeDefinition): void {
    RED.nodes.createNode(this, definition)
    const renewal = new Renewal(RED, this, definition, (lost) => new SourceNode(RED, this, lost))
    this.on('input', (message, send, done) => renewal.current.receive(message, send, done))
    this.on('close', (_removed, done) => {
      guard(renewal.close().finally(done), this)
    })
  }
}
