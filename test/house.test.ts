/** Checks the arrows of docs/house.md against every import in service/. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const rooms = [
  'http',
  'identity',
  'intake',
  'vault',
  'policy',
  'redaction',
  'disclosure',
  'custody',
  'oversight',
  'cli',
] as const
/** What a room's files may import of other rooms. `routes.ts` may also import http and identity. */
const mayImport: Record<string, readonly string[]> = {
  custody: [],
  vault: ['custody'],
  policy: ['custody'],
  redaction: ['custody'],
  identity: [],
  http: ['custody', 'identity'],
  intake: ['custody', 'vault', 'policy', 'redaction'],
  disclosure: ['custody', 'vault', 'policy', 'redaction', 'intake'],
  oversight: ['custody', 'vault', 'policy', 'intake', 'disclosure'],
}
/** The vocabulary of problems is everybody's but custody's; custody has errors of its own, which http maps. */
const vocabulary = 'http/problem.ts'

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(join(root, 'service'), { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/'))
  .filter(name => name.endsWith('.ts'))
const imports: Import[] = files.flatMap(from => {
  const text = readFileSync(join(root, 'service', from), 'utf8')
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1]!)
  return targets.map(target => ({ from, to: normalize(join(dirname(from), target)).replaceAll('\\', '/') }))
})
const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')

test('every folder of service/ is a room that the house knows', () => {
  expect(new Set(files.map(roomOf).filter(Boolean))).toEqual(new Set(rooms))
})

test('a room imports only the rooms that its arrow allows', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [room, other] = [roomOf(from), roomOf(to)]
    if (room === '' || room === 'cli' || room === other || other === '') return false
    if (to === vocabulary) return room === 'custody'
    if (from.endsWith('routes.ts') && (other === 'http' || other === 'identity')) return false
    return !mayImport[room]?.includes(other)
  })
  expect(wrong).toEqual([])
})

test('custody imports nothing of the house but the types of its database', () => {
  const wrong = imports.filter(
    ({ from, to }) => roomOf(from) === 'custody' && roomOf(to) !== 'custody' && to !== 'db.ts',
  )
  expect(wrong).toEqual([])
})

/** The files that these load, and that those load, and so on. */
function reachedFrom(...starts: string[]): Set<string> {
  const seen = new Set<string>()
  const walk = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const { from, to } of imports) if (from === file && !isTypeOnly(from, to)) walk(to)
  }
  for (const file of starts) walk(file)
  return seen
}

test('networks run in processes of their own: who redacts does not even load their runtime', () => {
  const loaders = [...reachedFrom('redaction/redact.ts')].filter(file =>
    /^import (?!type).*'onnxruntime-node'/m.test(readFileSync(join(root, 'service', file), 'utf8')),
  )
  expect(loaders).toEqual([])
})

test('the verifier does no I/O: neither it nor what it imports reaches for a file, a socket or a database', () => {
  const seen = reachedFrom('custody/verify.ts', 'custody/verify-package.ts')
  const outside = [...seen].flatMap(file =>
    [
      ...readFileSync(join(root, 'service', file), 'utf8').matchAll(
        /^import (?!type).*'((?:node:)[^']+|drizzle-orm[^']*)'/gm,
      ),
    ].map(m => `${file}: ${m[1]}`),
  )
  expect(outside.filter(line => !line.endsWith('node:crypto'))).toEqual([])
})

test('only the ledger makes a Recorded', () => {
  const makers = files.filter(file =>
    /import\s*(?!type)\{[^}]*\bmakeRecorded\b/.test(readFileSync(join(root, 'service', file), 'utf8')),
  )
  expect(makers.every(file => roomOf(file) === 'custody')).toBe(true)
  expect(makers.length).toBeGreaterThan(0)
})

test('config.ts is the only reader of the environment in the service', () => {
  const readers = files.filter(file =>
    /process\.env\b(?!,|\s*\})/.test(readFileSync(join(root, 'service', file), 'utf8')),
  )
  // Development verbs hand the environment on, or look for tools on its PATH.
  const development = [
    'cli/check.ts',
    'cli/test.ts',
    'cli/bench.ts',
    'policy/build.ts',
    'policy/opa.ts',
    'cli/tools.ts',
    'policy/tools.ts',
  ]
  expect(readers.filter(file => file !== 'config.ts' && !development.includes(file))).toEqual([])
})

test('evidence leaves over HTTP through release.ts alone: besides it only the worker opens the vault', () => {
  const openers = files.filter(file => /\bvault\.open\(/.test(readFileSync(join(root, 'service', file), 'utf8')))
  expect(new Set(openers)).toEqual(new Set(['disclosure/release.ts', 'disclosure/derive.ts', 'disclosure/prepare.ts']))
})

test('no file of the service passes 300 lines', () => {
  const long = files.filter(file => readFileSync(join(root, 'service', file), 'utf8').split('\n').length > 301)
  expect(long).toEqual([])
})

function isTypeOnly(from: string, to: string): boolean {
  const text = readFileSync(join(root, 'service', from), 'utf8')
  const name = to.slice(to.lastIndexOf('/') + 1).replaceAll('.', '\\.')
  const all = [...text.matchAll(new RegExp(`^(import|export)\\s+(type\\s)?.*'[^']*${name}'`, 'gm'))]
  return all.length > 0 && all.every(match => match[2] !== undefined)
}
