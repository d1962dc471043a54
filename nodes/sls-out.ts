import { guard } from './guard'
import type { Node, NodeDefinition, NodeRed } from './node-red'
import { Renewal } from './renewal'
import { SinkNode } from './sink-node'

export = function register(RED: NodeRed): void {
  RED.nodes.registerType('sls-out', SlsOut)

  function SlsOut(this: Node, definition: NodeDefinition): void {
    RED.nodes.createNode(this, definition)
    const renewal = new Renewal(RED, this, definition, (lost) => new SinkNode(RED, this, lost))
    this.on('input', (message, _send, done) => renewal.current.receive(message, done))
    this.on('close', (_removed, done) => {
      guard(renewal.close().finally(done), this)
    })
  }
}
