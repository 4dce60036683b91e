import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { compilePolicy } from '../../service/policy/compile.ts'
import { loadPolicy, type Policy, type PolicyOptions } from '../../service/policy/policy.ts'

const refusing = (room: string) =>
  `package custos.${room}\n\nanswer := {"outcome": "refuse", "reasons": ["probe.other"]}\n`

/** A folder with rules of our own in place of the real ones, and the real data. `disclosure` is the body of that room's module. */
export function probeSources(disclosure: string): string {
  const root = mkdtempSync(join(tmpdir(), 'custos-probe-'))
  onTestFinished(() => execFileSync('rm', ['-rf', root]) as never)
  for (const room of ['access', 'disclosure']) mkdirSync(join(root, 'policies', room), { recursive: true })
  cpSync('policies/data', join(root, 'policies', 'data'), { recursive: true })
  writeFileSync(join(root, 'policies', 'access', 'answer.rego'), refusing('access'))
  writeFileSync(join(root, 'policies', 'disclosure', 'answer.rego'), `package custos.disclosure\n\n${disclosure}\n`)
  return root
}

/** The policy that such sources compile to. */
export async function probe(opa: string, disclosure: string, options?: PolicyOptions): Promise<Policy> {
  const root = probeSources(disclosure)
  const { wasm, data } = compilePolicy(opa, root)
  writeFileSync(join(root, 'policy.wasm'), wasm)
  writeFileSync(join(root, 'data.json'), data)
  return loadPolicy(pathToFileURL(`${root}/`), options)
}

/** What plain `opa build` makes of the sources when nobody cuts its capabilities down. */
export function compileUnfenced(opa: string, disclosure: string): Uint8Array {
  const root = probeSources(disclosure)
  const entries = ['-e', 'custos/access/answer', '-e', 'custos/disclosure/answer']
  execFileSync(
    opa,
    ['build', '-t', 'wasm', ...entries, '-o', 'b.tar.gz', 'policies/access', 'policies/disclosure', 'policies/data'],
    { cwd: root },
  )
  return execFileSync('tar', ['-xzOf', 'b.tar.gz', '/policy.wasm'], {
    cwd: root,
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
