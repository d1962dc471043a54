import assert from 'node:assert/strict'
import protobuf from 'protobufjs'
import { type Logstore, logGroup, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { compress } from './support/compression'
import { encodeLogGroup } from './support/log-groups'
import { acceptedEmpty, refused } from './support/reply'

const packageList = protobuf
  .parse(
    `
  syntax = "proto2";
  message SlsLogPackage {
    required bytes data = 1;
    optional int32 uncompress_size = 2;
    required int32 compress_type = 3;
  }
  message SlsLogPackageList {
    repeated SlsLogPackage packages = 1;
  }
`,
    { keepCase: true }
  )
  .root.lookupType('SlsLogPackageList')

const LZ4 = 2

function packageOf(text: string) {
  const raw = encodeLogGroup(logGroup(text))
  return { data: compress('lz4', raw), uncompress_size: raw.length, compress_type: LZ4 }
}

describe('Contract: PutLogs with several log groups (x-log-mode: batch_group)', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 1 })
  })

  function putPackages(packages: ReturnType<typeof packageOf>[]) {
    const body = Buffer.from(packageList.encode(packageList.create({ packages })).finish())
    const headers = { 'x-log-mode': 'batch_group', 'x-log-compresstype': 'lz4' }
    return logstore.putBodyReply(body, { headers })
  }

  it('stores every package as a log group of its own, in their order', async () => {
    const cursor = await logstore.cursor(0, 'end')
    acceptedEmpty(await putPackages(['one', 'two', 'three'].map(packageOf)))
    assert.deepEqual(textsOf(await logstore.read(0, cursor, 3)), ['one', 'two', 'three'])
  })

  it('gives a reader at most 1000 of 1200 groups at once, and the others after them', async () => {
    const cursor = await logstore.cursor(0, 'end')
    const texts = Array.from({ length: 1200 }, (_, i) => String(i))
    acceptedEmpty(await putPackages(texts.map(packageOf)))
    assert.deepEqual(textsOf(await logstore.read(0, cursor, texts.length)), texts)
    assert.ok((await logstore.pull(0, cursor)).groups.length <= 1000)
  })

  it('stores nothing when one package is not a log group', async () => {
    const cursor = await logstore.cursor(0, 'end')
    const broken = { ...packageOf('broken'), data: Buffer.from([0xff]) }
    const reply = await putPackages([packageOf('whole'), broken])
    refused(reply, 400, ['PostBodyUncompressError', 'PostBodyInvalid'])
    await logstore.read(0, cursor, 0)
  })
})
