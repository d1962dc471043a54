// What the benchmark prints: tables, and beside what was asked for whether it was reached.
const acceptance = []

export function table(title, head, rows) {
  console.log(`\n## ${title}\n`)
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const line = (row) => `| ${row.map((cell, column) => pad(cell, widths[column], column)).join(' | ')} |`
  console.log(line(head))
  console.log(`|${widths.map((width, column) => rule(width, column)).join('|')}|`)
  for (const row of cells.slice(1)) console.log(line(row))
}

/** Enters a line of the acceptance table. `asked` is at least, or with `most` at most, what was measured. */
export function accept(what, measured, asked, { unit = 'x', most = false } = {}) {
  const met = most ? measured <= asked : measured >= asked
  acceptance.push([
    what,
    `${figure(measured)} ${unit}`,
    `${most ? '<=' : '>='} ${asked} ${unit}`,
    met ? 'yes' : 'NO'
  ])
}

export function printAcceptance() {
  if (acceptance.length === 0) return
  table('Measured, asked, met', ['measure', 'measured', 'asked', 'met'], acceptance)
}

export function figure(value) {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

/** In thousands. */
export function thousands(value) {
  return Math.round(value / 1000).toLocaleString('en-US')
}

export function percent(share) {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`
}

export function mebibytes(bytes) {
  return `${Math.round(bytes / 1024 / 1024)}`
}

function pad(cell, width, column) {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

function rule(width, column) {
  return column === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`
}
