let userAgent: string | undefined

/** `<package>/<version>`. */
export function defaultUserAgent(): string {
  if (userAgent === undefined) {
    const {
      name,
      version
    }: { name: string; version: string } = require('node-red-contrib-aliyun-sls/package.json')
    userAgent = `${name}/${version}`
  }
  return userAgent
}
