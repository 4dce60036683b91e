/** `custos verify`: checks a package offline. It reads files and prints; what is true is custody's to say. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { NoteError, parseVerifierKey, type VerifierKey } from '../custody/note.ts'
import { explanatoryPaths } from '../custody/package-layout.ts'
import { conclude, type PackageVerdict, verifyPackage } from '../custody/verify-package.ts'
import { NotAPackage, PackageRefused, readPackage } from './read-package.ts'
import { jsonReport, textReport } from './verify-report.ts'

export const help = `custos verify PACKAGE.zip --key FILE [--checkpoint FILE] [--proof FILE] [--json]

Checks a disclosure package, without a network and without trusting whoever sent it.

  --key FILE         the log's verifier key, from the custodian by another way than the package; one a line
  --checkpoint FILE  a checkpoint of the same log that you kept: the package must agree with it
  --proof FILE       the receipt that came beside the ZIP: it proves that this very ZIP was prepared
  --json             one JSON object: {ok, checks: [{name, ok, code?, detail?}]}

Without --key nothing can be trusted, and the answer is never 0: a key inside a package proves nothing.

Exit codes: 0 verified, 1 refuted, 2 could not be judged (no key, no such file, wrong usage).
What each check means: docs/formats/package.md
`

const exitCodes = { verified: 0, refuted: 1, 'cannot-be-judged': 2 } as const

export async function run(args: string[]): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'string') {
    process.stderr.write(`custos verify: ${options}\n\n${help}`)
    return 2
  }
  const { path, json, ...trusted } = options
  const { result, notes } = await judge(path, trusted)
  process.stdout.write(json ? jsonReport(result) : textReport(path, result, notes))
  return exitCodes[result.verdict]
}

interface Options {
  path: string
  json: boolean
  key: string | undefined
  checkpoint: string | undefined
  proof: string | undefined
}

/** A string says what is wrong with the command line. */
function parseOptions(args: string[]): Options | string {
  try {
    const text = { type: 'string' } as const
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { key: text, checkpoint: text, proof: text, json: { type: 'boolean' } },
    })
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) return 'it takes one package'
    return { path, json: values.json ?? false, key: values.key, checkpoint: values.checkpoint, proof: values.proof }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Paths of what comes from outside the package. */
export type TrustFiles = Pick<Options, 'key' | 'checkpoint' | 'proof'>

/** Never throws: what cannot be read is a check that could not be judged. */
export async function judge(path: string, trusted: TrustFiles): Promise<{ result: PackageVerdict; notes: string[] }> {
  try {
    const keys = trusted.key === undefined ? [] : parseKeys(await readTrusted('--key', trusted.key))
    const checkpoint = trusted.checkpoint && (await readTrusted('--checkpoint', trusted.checkpoint))
    const receipt = trusted.proof && (await readTrusted('--proof', trusted.proof))
    const listing = await readPackage(path)
    const trust = { keys, ...(checkpoint !== undefined && { checkpoint }), ...(receipt !== undefined && { receipt }) }
    const result = verifyPackage(listing, trust)
    return { result, notes: receipt === undefined && result.verdict !== 'refuted' ? [unproven] : [] }
  } catch (error) {
    if (error instanceof PackageRefused) return stopped('container', error.fault.code, error.fault.detail)
    if (error instanceof NotAPackage) return stopped('container', 'not-reached', `${path}: ${error.message}`)
    if (error instanceof TrustUnreadable) return stopped('trust', 'not-reached', error.message)
    // A fault of ours refutes nothing: thrown on, it would end the process with the exit code for "refuted".
    return stopped('verifier', 'not-reached', String(error))
  }
}

const unproven = `Not covered by the ledger without --proof: bag-info.txt, ${explanatoryPaths.join(', ')}.
They explain; check them against the other files before you rely on them.`

function stopped(name: string, code: 'not-reached' | PackageRefused['fault']['code'], detail: string) {
  return { result: conclude([{ name, ok: false, code, detail }]), notes: [] }
}

/** What was given to trust is of no use, which says nothing about the package. */
class TrustUnreadable extends Error {
  override readonly name = 'TrustUnreadable'
}

function parseKeys(text: string): VerifierKey[] {
  try {
    return text
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(parseVerifierKey)
  } catch (error) {
    if (error instanceof NoteError) throw new TrustUnreadable(`--key: ${error.message}`)
    throw error
  }
}

async function readTrusted(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new TrustUnreadable(`${option}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
