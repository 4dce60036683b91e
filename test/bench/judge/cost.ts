import { spawn } from 'node:child_process'

export interface Cost {
  /** User and system seconds, children and theirs included. */
  readonly cpu: number
  readonly wall: number
}

/** Runs a program and says what it took. Throws with what it last said when it fails, or when it has not ended after `seconds`. */
export async function cost(command: string, args: readonly string[], seconds?: number): Promise<Cost> {
  const began = performance.now()
  const limit = seconds === undefined ? [] : ['timeout', '--foreground', '--kill-after=10', String(seconds)]
  const quoted = [...limit, command, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  // bash's own `times` counts what its children and theirs have used
  const child = spawn('bash', ['-c', `${quoted} >/dev/null </dev/null; code=$?; times; exit $code`])
  let [text, errors] = ['', '']
  child.stdout.on('data', chunk => {
    text += chunk
  })
  child.stderr.on('data', chunk => {
    errors = `${errors}${chunk}`.slice(-2000)
  })
  const code = await new Promise(resolve => child.on('close', resolve))
  if (limit.length > 0 && (code === 124 || code === 137)) throw new Error(`${command} had not ended after ${seconds} s`)
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${errors.trim()}`)
  const children = text.trim().split('\n').at(-1)!
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)
  return { cpu, wall: (performance.now() - began) / 1000 }
}
