/** Thrown where nobody is to be answered: a fault cuts the connection, or the client has gone. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut'
}
