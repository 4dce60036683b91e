/** From policies/ to the two files that the service reads. Equal sources and an equal `opa` give equal bytes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { canonicalJson } from '../custody/canonical.ts'
import { rules } from './decision.ts'
import { nativeBuiltins } from './native-builtins.ts'

export interface Compiled {
  readonly wasm: Uint8Array
  /** RFC 8785 JSON, so that its SHA-256 is the data digest of every decision. */
  readonly data: Uint8Array
}

/** The folders that hold rules and data, relative to `root`: the paths stand inside the compiled module, so they must not differ by machine. */
export function policyFolders(root: string): string[] {
  const entries = readdirSync(join(root, 'policies'), { withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory() && entry.name !== 'schemas')
    .map(entry => `policies/${entry.name}`)
    .sort()
}

/** Throws what `opa build` says when the policy does not compile, or reaches for a builtin that WASM lacks. */
export function compilePolicy(
  opa: string,
  root: string,
  entrypoints: readonly string[] = Object.values(rules),
): Compiled {
  const scratch = mkdtempSync(join(tmpdir(), 'custos-policy-'))
  try {
    const bundle = join(scratch, 'bundle.tar.gz')
    const entries = entrypoints.toSorted().flatMap(entrypoint => ['-e', entrypoint])
    const ignored = ['--ignore', '*_test.rego', '--ignore', 'schemas']
    const args = [
      'build',
      '-t',
      'wasm',
      ...entries,
      ...ignored,
      '--capabilities',
      writeCapabilities(opa, scratch),
      '-o',
      bundle,
    ]
    runOpa(opa, root, [...args, ...policyFolders(root)])
    const files = readTar(gunzipSync(readFileSync(bundle)))
    const [wasm, data] = [files.get('/policy.wasm'), files.get('/data.json')]
    if (!wasm || !data) throw new Error('opa build made a bundle without policy.wasm or data.json')
    return { wasm, data: canonicalJson(JSON.parse(new TextDecoder().decode(data)), Number.POSITIVE_INFINITY) }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** OPA's own list of what it can do, cut down to what the compiled module can do by itself. */
function writeCapabilities(opa: string, folder: string): string {
  const all = JSON.parse(runOpa(opa, folder, ['capabilities', '--current']))
  const builtins = all.builtins.filter((builtin: { name: string }) => nativeBuiltins.has(builtin.name))
  const file = join(folder, 'capabilities.json')
  writeFileSync(file, JSON.stringify({ ...all, builtins }))
  return file
}

/** Answers what it printed. Throws with everything that it said, since it complains on either stream. */
function runOpa(opa: string, cwd: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(opa, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 24 })
  if (status !== 0) throw error ?? new Error(`opa ${args[0]}: ${stdout}${stderr}`)
  return stdout
}

/** POSIX ustar, plain files only: name in bytes 0..99, size in octal in bytes 124..135, content padded to 512. */
function readTar(tar: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const text = (start: number, length: number) =>
    new TextDecoder().decode(tar.subarray(start, start + length)).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    files.set(text(at, 100), tar.slice(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
