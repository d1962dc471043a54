import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SlsError } from '../../../engine/client/errors'
import { checkNames, type OptionNames } from '../../../engine/client/option-checks'
import { runs } from '../../support/counts'

const names: OptionNames<
  Record<'logstores' | 'maxRetries' | 'maxRetriesRetryable' | 'tls' | 'flushInterval', unknown>
> = {
  logstores: true,
  maxRetries: true,
  maxRetriesRetryable: true,
  tls: true,
  flushInterval: true
}

function refusal(given: unknown, path?: string): SlsError {
  try {
    checkNames(given, names, path)
  } catch (error) {
    assert.ok(error instanceof SlsError)
    assert.equal(error.code, 'InvalidOption')
    return error
  }
  assert.fail('the names were accepted')
}

describe('The names of options', () => {
  it('are those that there are, whatever their values', () => {
    checkNames({}, names)
    checkNames({ tls: undefined, logstores: null, maxRetries: 'many' }, names)
  })

  it('that are nearly right are told with the one that was meant', () => {
    for (const [given, meant] of [
      ['logstore', 'logstores'],
      ['MaxRetries', 'maxRetries'],
      ['max_retries', 'maxRetries'],
      ['max.retries', 'maxRetries'],
      ['maxRetry', 'maxRetries'],
      ['flush-interval', 'flushInterval'],
      ['flushIntervall', 'flushInterval'],
      ['fulshInterval', 'flushInterval'],
      ['tsl', 'tls']
    ] as const) {
      const error = refusal({ [given]: 1 })
      assert.equal(error.field, given)
      assert.equal(error.message, `${given} is not an option: did you mean ${meant}?`)
    }
  })

  it('that are like none are told with all there are', () => {
    const { field, message } = refusal({ tls: 1, colour: 'red' })
    assert.equal(field, 'colour')
    assert.equal(message, `colour is not an option: expected ${Object.keys(names).join(', ')}`)
  })

  it('are told with the option that they are part of', () => {
    const { field, message } = refusal({ Tls: 1 }, 'proxy')
    assert.equal(field, 'proxy.Tls')
    assert.equal(message, 'proxy.Tls is not an option: did you mean proxy.tls?')
  })

  it('are not those that every object has', () => {
    const error = refusal({ toString: 1 })
    assert.equal(error.field, 'toString')
    assert.equal(refusal({ constructor: 1 }).field, 'constructor')
    assert.equal(refusal(JSON.parse('{"__proto__": 1}')).field, '__proto__')
  })

  it('must be there to be looked at', () => {
    for (const given of [undefined, null, 'access', 7, ['logstores']]) {
      const { field, message } = refusal(given)
      assert.equal(field, 'options')
      assert.equal(message, 'options must be an object')
      assert.equal(refusal(given, 'retry').message, 'retry must be an object')
    }
  })

  it('are found again whichever letter is missing, doubled or changed places with the next', () => {
    const misspelt = fc
      .tuple(fc.constantFrom('logstores', 'maxRetries', 'maxRetriesRetryable', 'flushInterval'), fc.nat())
      .chain(([name, place]) => {
        const at = place % (name.length - 1)
        const [before, one, two, after] = [name.slice(0, at), name[at], name[at + 1], name.slice(at + 2)]
        const given = fc.constantFrom(
          `${before}${two}${after}`,
          `${before}${one}${one}${two}${after}`,
          `${before}${two}${one}${after}`
        )
        return given.map((text) => ({ name, given: text }))
      })
      .filter(({ name, given }) => name !== given)
    fc.assert(
      fc.property(misspelt, ({ name, given }) => {
        assert.equal(refusal({ [given]: 1 }).message, `${given} is not an option: did you mean ${name}?`)
      }),
      { numRuns: runs(200, 10_000) }
    )
  })
})
