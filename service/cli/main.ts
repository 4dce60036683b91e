/** The `custos` command: a table of verbs, one file each. A verb exports `help` and `run(args)`, which answers the exit code. */
interface Verb {
  help: string
  run(args: string[]): Promise<number>
}

const verbs: Record<string, [summary: string, load: () => Promise<Verb>]> = {
  demo: ['the whole job on one clip: seal, refuse, permit, redact, package, verify', () => import('./demo.ts')],
  serve: ['the HTTP service, with its embedded parts', () => import('./serve.ts')],
  work: ['a worker beside `serve` (PostgreSQL only)', () => import('./work.ts')],
  migrate: ['bring a PostgreSQL database to this version', () => import('./migrate.ts')],
  doctor: ['check every configured engine, and say what to mend', () => import('./doctor.ts')],
  keys: ['rotate and retire the keys that wrap data keys', () => import('./keys.ts')],
  token: ['an access token from the development issuer', () => import('./token.ts')],
  acquire: ['send a clip to a running service', () => import('./acquire.ts')],
  request: ['ask a running service for evidence', () => import('./request.ts')],
  redact: ['redact one clip, without a service', () => import('./redact.ts')],
  plan: ['make, show and edit a redaction plan', () => import('./plan.ts')],
  models: ['the detectors that redaction looks with: list them, add one', () => import('./models.ts')],
  verify: ['check a package offline', () => import('./verify.ts')],
  sweep: ['run the sweeps now, or list what a disposal would take', () => import('./sweep.ts')],
  ledger: ['export the ledger in tlog-tiles layout', () => import('./ledger.ts')],
}
const development: Record<string, () => Promise<Verb>> = {
  test: () => import('./test.ts'),
  'test:engines': () => import('./test.ts').then(m => m.engines),
  bench: () => import('./bench.ts'),
  check: () => import('./check.ts'),
  policy: () => import('../policy/build.ts'),
}

function overview(): string {
  const lines = Object.entries(verbs).map(([name, [summary]]) => `  ${name.padEnd(9)}${summary}`)
  return `custos VERB [options]\n\n${lines.join('\n')}\n\ncustos VERB --help says more.\n`
}

/** An option that a verb does not know is exit code 2 and its help, not a stack trace. */
function misused(error: unknown, help: string): number {
  if (!String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')) throw error
  process.stderr.write(`custos: ${(error as Error).message}\n\n${help}`)
  return 2
}

const [name, ...args] = process.argv.slice(2)
if (name === undefined || ['help', '--help', '-h'].includes(name)) {
  process.stdout.write(overview())
} else {
  const load = verbs[name]?.[1] ?? development[name]
  if (!load) {
    process.stderr.write(`custos: there is no verb '${name}'\n\n${overview()}`)
    process.exitCode = 2
  } else {
    const verb = await load()
    if (args.includes('--help') || args.includes('-h')) process.stdout.write(verb.help)
    else process.exitCode = await verb.run(args).catch(error => misused(error, verb.help))
  }
}
