module.exports = {
  spec: ['build/test/**/*.test.js'],
  reporter: './scripts/mocha-reporter.cjs',
  timeout: 20_000,
  'forbid-only': true,
  'node-option': ['enable-source-maps']
}
