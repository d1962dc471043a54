/** An answer that breaks the rules of HTTP/1.1. The message holds nothing of what the peer sent. */
export class NotHttp extends Error {}
