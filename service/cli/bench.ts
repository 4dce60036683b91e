/** One door for all benches. Each measures its floor in the same run; nothing here asserts. */
import { readdir } from 'node:fs/promises'

export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same work by plain means, in the same run and unit. */
  readonly floor?: number
  /** value / floor */
  readonly ratio?: number
}

export const help = `npm run --silent bench -- NAME [options] [--json]

NAME is a file of test/bench. With --json: one object a line, {name, value, unit, floor?, ratio?}.
`
const folder = new URL('../../test/bench/', import.meta.url)

export async function run(args: string[]): Promise<number> {
  const names = (await readdir(folder)).filter(n => n.endsWith('.ts')).map(n => n.slice(0, -3))
  const [name, ...rest] = args.filter(a => a !== '--json')
  if (name === undefined || !names.includes(name)) {
    process.stderr.write(`${help}\nThere are: ${names.join(', ')}\n`)
    return 2
  }
  const bench = (await import(new URL(`${name}.ts`, folder).href)) as { run(args: string[]): Promise<Measurement[]> }
  const json = args.includes('--json')
  for (const m of await bench.run(rest)) process.stdout.write(json ? `${JSON.stringify(m)}\n` : `${line(m)}\n`)
  return 0
}

function line({ name, value, unit, floor, ratio }: Measurement): string {
  const against = floor === undefined ? '' : `  floor ${round(floor)} ${unit}`
  return `${name.padEnd(36)} ${String(round(value)).padStart(10)} ${unit}${against}${ratio === undefined ? '' : `  ratio ${round(ratio)}`}`
}

const round = (x: number) => Number(x.toPrecision(4))
