/** The number of runs of a property, fuzz or kill test: small in `npm test`, large in `npm run test:full`. */
export function runs(quick: number, full: number): number {
  return process.env['SLS_TEST_FULL'] === '1' ? full : quick
}
