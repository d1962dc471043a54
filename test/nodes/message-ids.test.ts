import assert from 'node:assert/strict'
import { nextMessageId } from '../../nodes/message-ids'

describe('Message ids', () => {
  it('are 16 hex digits as Node-RED gives them, each another', () => {
    const ids = Array.from({ length: 10_000 }, () => nextMessageId())
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/)
    assert.equal(new Set(ids).size, ids.length)
  })
})
