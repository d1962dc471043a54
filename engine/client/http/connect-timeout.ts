/** No connection came up in time. */
export class ConnectTimeout extends Error {
  constructor(milliseconds: number) {
    super(`no connection within ${milliseconds} ms`)
  }
}
