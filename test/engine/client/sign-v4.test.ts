import assert from 'node:assert/strict'
import fc from 'fast-check'
import { canonicalRequestV4, SignerV4 } from '../../../engine/client/sign-v4'
import { percentEncode, requestTarget } from '../../../engine/client/signable-request'
import { runs } from '../../support/counts'
import {
  readVectors,
  type SignatureCase,
  signable,
  signatureCases,
  timeOf,
  vectorCredentials
} from './vectors'

function signed(vector: SignatureCase, signer = new SignerV4(vector.input.region)) {
  const request = signable(vector)
  signer.sign(request, vectorCredentials(vector), timeOf(vector.input.dateTime))
  return request
}

describe('Signature version 4', () => {
  for (const vector of signatureCases('signature-v4.json')) {
    it(`equals that of the SDKs: ${vector.id}`, () => {
      const request = signed(vector)
      assert.equal(canonicalRequestV4(request), vector.expected.canonicalRequest)
      assert.equal(request.headers['authorization'], vector.expected.authorization)
      assert.equal(
        request.headers['x-log-content-sha256'],
        vector.expected.addedHeaders['x-log-content-sha256']
      )
      assert.equal(request.headers['x-log-date'], vector.input.dateTime)
    })
  }

  for (const vector of signatureCases('signature-published.json').filter(({ version }) => version === 'v4')) {
    it(`equals the published one: ${vector.id}`, () => {
      assert.equal(signed(vector).headers['authorization'], vector.expected.authorization)
    })
  }

  describe('where the SDKs disagree', () => {
    for (const vector of signatureCases('signature-disagreements.json').filter(
      ({ version }) => version === 'v4'
    )) {
      // Java signs x-log-meta- headers and encodes values as RFC 3986 says.
      it(`sides with Java: ${vector.id}`, () => {
        const chosen = Object.entries(vector.results).find(([sdk]) => sdk.includes('java'))
        assert.ok(chosen !== undefined)
        assert.equal(signed(vector).headers['authorization'], chosen[1])
      })
    }
  })

  it('signs alike with a signer that has just signed for another day, key or request', () => {
    const vectors = signatureCases('signature-v4.json')
    const signer = new SignerV4('cn-hangzhou')
    const other = { method: 'GET', path: '/', query: [], headers: {}, body: undefined }
    for (const vector of vectors) {
      signer.sign(other, vectorCredentials(vector), 0)
      signer.sign(other, { accessKeyId: 'x', accessKeySecret: 'y' }, timeOf(vector.input.dateTime))
      assert.equal(signed(vector, signer).headers['authorization'], vector.expected.authorization)
      assert.equal(signed(vector, signer).headers['authorization'], vector.expected.authorization)
    }
  })

  it('encodes query values as published', () => {
    for (const { raw, encoded } of readVectors<{ percentEncode: { raw: string; encoded: string }[] }>(
      'signature-published.json'
    ).percentEncode) {
      assert.equal(percentEncode(raw), encoded)
    }
  })

  it('puts a query on the wire that is read back the same', () => {
    const entries = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })))
    fc.assert(
      fc.property(entries, (query) => {
        const target = requestTarget('/p', query)
        assert.match(target, /^[!-~]+$/)
        assert.deepEqual([...new URLSearchParams(target.slice(3))], query)
      }),
      { numRuns: runs(200, 2000) }
    )
  })
})
