/** JSON stands here since the OpenAPI SDK asks for it and yet reads protobuf. */
const TAKEN = new Set(['application/x-protobuf', 'application/json', 'application/*', '*/*'])

/** Whether a client that sends this Accept header, or none, takes a pull's protobuf. */
export function takesProtobuf(accept: string | undefined): boolean {
  const types = accept?.split(',').map((part) => part.split(';')[0]?.trim().toLowerCase() ?? '')
  return types?.some((type) => TAKEN.has(type)) ?? true
}
