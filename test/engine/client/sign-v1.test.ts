import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { signV1, stringToSignV1 } from '../../../engine/client/sign-v1'
import { runs } from '../../support/counts'
import { type SignatureCase, signable, signatureCases, vectorCredentials } from './vectors'

function signed(vector: SignatureCase) {
  const request = signable(vector)
  signV1(request, vectorCredentials(vector), Date.parse(vector.input.date))
  return request
}

describe('Signature version 1', () => {
  for (const vector of signatureCases('signature-v1.json')) {
    it(`equals that of the SDKs: ${vector.id}`, () => {
      const request = signed(vector)
      assert.equal(stringToSignV1(request), vector.expected.stringToSign)
      assert.equal(request.headers['authorization'], vector.expected.authorization)
      assert.equal(request.headers['date'], vector.input.date)
    })
  }

  for (const vector of signatureCases('signature-v1-hmac-sha256.json')) {
    it(`signs the same text whatever the HMAC: ${vector.id}`, () => {
      const request = signed(vector)
      request.headers['x-log-signaturemethod'] = 'hmac-sha256'
      const text = stringToSignV1(request)
      assert.equal(text, vector.expected.stringToSign)
      assert.equal(
        createHmac('sha256', vector.input.accessKeySecret).update(text).digest('base64'),
        vector.expected.signature
      )
    })
  }

  for (const vector of signatureCases('signature-published.json').filter(({ version }) => version === 'v1')) {
    it(`equals the published one: ${vector.id}`, () => {
      const request = signable(vector)
      request.headers['date'] = vector.input.date
      if (request.body !== undefined) {
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('hex').toUpperCase()
      }
      const signature = createHmac('sha1', vector.input.accessKeySecret)
        .update(stringToSignV1(request))
        .digest('base64')
      assert.equal(`LOG ${vector.input.accessKeyId}:${signature}`, vector.expected.authorization)
    })
  }

  describe('where the SDKs disagree', () => {
    const choices: Record<string, string> = {
      'v1-d-prefix-keys': 'java', // by name, not by the text "name=value"
      'v1-d-header-spaces': '@alicloud/log', // values trimmed, as they arrive
      'v1-d-meta-header': 'java', // x-log-meta- headers are signed as well
      'v1-d-upper-header': '@alicloud/log', // names in lower case, as they are compared
      'v1-d-v4-unencoded-key': 'java'
    }
    for (const vector of signatureCases('signature-disagreements.json').filter(
      ({ version }) => version === 'v1'
    )) {
      it(`sides with ${choices[vector.id]}: ${vector.id}`, () => {
        const chosen = Object.entries(vector.results).find(([sdk]) => sdk.includes(choices[vector.id] ?? '?'))
        assert.ok(chosen !== undefined)
        assert.equal(signed(vector).headers['authorization'], chosen[1])
      })
    }
  })

  it('does not depend on the order in which query and headers were given', () => {
    const names = fc.stringMatching(/^[a-z][a-z-]{0,8}$/)
    const entries = fc.uniqueArray(fc.tuple(names, fc.string({ unit: 'binary' })), {
      selector: ([name]) => name
    })
    fc.assert(
      fc.property(entries, entries, (query, headers) => {
        const sign = (reversed: boolean) => {
          const order = <T>(items: T[]) => (reversed ? [...items].reverse() : items)
          const request = {
            method: 'GET',
            path: '/logstores/a',
            query: order(query),
            headers: Object.fromEntries(order(headers).map(([name, value]) => [`x-log-${name}`, value])),
            body: undefined
          }
          signV1(request, { accessKeyId: 'id', accessKeySecret: 'secret' }, 0)
          return request.headers['authorization']
        }
        assert.equal(sign(false), sign(true))
      }),
      { numRuns: runs(200, 2000) }
    )
  })

  it('changes with every byte of the body', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, place, flip) => {
          const sign = (body: Buffer) => {
            const request = {
              method: 'POST',
              path: '/',
              query: [],
              headers: {} as Record<string, string>,
              body
            }
            signV1(request, { accessKeyId: 'id', accessKeySecret: 'secret' }, 0)
            return request.headers['authorization']
          }
          const changed = Buffer.from(bytes)
          const index = place % changed.length
          changed[index] = (changed[index] ?? 0) ^ flip
          assert.notEqual(sign(Buffer.from(bytes)), sign(changed))
        }
      ),
      { numRuns: runs(200, 2000) }
    )
  })
})
