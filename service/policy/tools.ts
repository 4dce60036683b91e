/** Finds the tools that no npm package brings. They are needed to change the policy, never to run it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export class ToolMissing extends Error {
  override readonly name = 'ToolMissing'
}

const pinned = (file: string, pattern: RegExp) =>
  pattern.exec(readFileSync(new URL(`../../.ci/${file}`, import.meta.url), 'utf8'))?.[1] ?? 'latest'

/** The path of `opa` in exactly the pinned version, because another compiles to other bytes; throws a ToolMissing that says how to get it. */
export function findOpa(): string {
  const version = pinned('opa-version', /(\S+)/)
  const others: string[] = []
  for (const path of candidates('opa')) {
    const found = /^Version: (\S+)$/m.exec(execFileSync(path, ['version'], { encoding: 'utf8' }))?.[1]
    if (found === version) return path
    others.push(`${path} is ${found ?? 'of no known version'}`)
  }
  const seen = others.length > 0 ? ` (${others.join(', ')})` : ''
  throw new ToolMissing(
    `opa ${version} is not installed${seen}. Type: .ci/tools, or: go install github.com/open-policy-agent/opa@v${version}`,
  )
}

/** The path of `regal`; throws a ToolMissing that says how to get it. */
export function findRegal(): string {
  const [path] = candidates('regal')
  if (path !== undefined) return path
  const version = pinned('go.mod', /open-policy-agent\/regal v(\S+)/)
  throw new ToolMissing(`regal ${version} is not installed. Type: .ci/tools`)
}

/** Where .ci/tools puts them comes before the PATH, whose copies may be of any version. */
function candidates(tool: string): string[] {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const gopath = process.env.GOPATH?.split(delimiter)[0] || join(homedir(), 'go')
  const folders = [
    process.env.CUSTOS_TOOLS_BIN,
    join(cache, 'custos', 'bin'),
    ...(process.env.PATH ?? '').split(delimiter),
    join(gopath, 'bin'),
  ]
  const file = process.platform === 'win32' ? `${tool}.exe` : tool
  return [...new Set(folders.filter(f => f).map(f => join(f!, file)))].filter(path => existsSync(path))
}

/** The repository's root: every tool runs there, since the paths that it is given end up in what it makes. */
export const root = fileURLToPath(new URL('../../', import.meta.url))
