// The four data sets of the codec benchmark: records as a flow would hold them after JSON.parse.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Near enough for a service that refuses old logs. */
const TIME = Math.floor(Date.now() / 1000) - 3600

export function dataSets(root, groupSize) {
  return {
    access: group(groupSize, accessLogs(root)),
    IoT: group(groupSize, (index) => ({
      device: `sensor-${String(index % 500).padStart(4, '0')}`,
      temperature: (18 + (index % 97) / 7).toFixed(2),
      humidity: String(35 + (index % 40)),
      battery: String(100 - (index % 100)),
      state: index % 17 === 0 ? 'alarm' : 'ok'
    })),
    wide: group(groupSize, (index) => {
      const record = {}
      for (let field = 0; field < 50; field++)
        record[`metric_${field}_value`] = `v${(index * 31 + field * 7) % 1e6}-${field}`
      return record
    }),
    Chinese: group(groupSize, (index) => ({
      级别: ['信息', '警告', '错误'][index % 3],
      服务: '订单处理服务',
      地区: ['华东一（杭州）', '华北二（北京）', '华南一（深圳）'][index % 3],
      消息: `用户张三提交的第 ${index} 号订单已经处理完成，等待仓库发货`,
      用时: `${index % 900} 毫秒`,
      host: `web-${index % 20}`
    }))
  }
}

/**
 * Logs of one shape: `fields 50` has 50 fields of 12 bytes, `message 1000` a message of 1,000 bytes.
 * @param most bytes of all messages, to which long ones come with fewer logs
 */
export function shapedSet(name, groupSize, most) {
  const [kind, amount] = name.split(' ')
  if (kind === 'message') {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(Number(amount) / 45 + 1)
    return group(Math.min(groupSize, Math.floor(most / (Number(amount) + 100))), (index) => ({
      level: 'info',
      message: `${index} ${text}`.slice(0, Number(amount))
    }))
  }
  return group(groupSize, (index) => {
    const record = {}
    for (let field = 0; field < Number(amount); field++)
      record[`field_${field}`] = `value ${(index * 31 + field * 7) % 1e6}`
    return record
  })
}

function group(size, record) {
  const records = JSON.parse(JSON.stringify(Array.from({ length: size }, (_, index) => record(index))))
  return { records, times: records.map((_, index) => TIME + (index >> 6)) }
}

const COMBINED = /^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) ([^"]+)" (\d+) (\S+) "([^"]*)" "([^"]*)"/
const ACCESS_FIELDS = [
  'remote_addr',
  'remote_user',
  'time_local',
  'request_method',
  'request_uri',
  'protocol',
  'status',
  'body_bytes_sent',
  'http_referer',
  'http_user_agent'
]

function accessLogs(root) {
  const records = readFileSync(join(root, 'test/fixtures/access-sample.log'), 'utf8')
    .split('\n')
    .map((line) => COMBINED.exec(line))
    .filter((match) => match !== null)
    .map((match) => Object.fromEntries(ACCESS_FIELDS.map((field, index) => [field, match[index + 1]])))
  return (index) => records[index % records.length]
}
