/** How `custos verify` says what it found. */
import { verdict as verdictOf } from '../custody/check.ts'
import type { PackageVerdict } from '../custody/verify-package.ts'

/** What a passed check has shown, in words for the one who reads it. */
const meanings: Record<string, string> = {
  container: 'the ZIP is whole and holds nothing hidden',
  'bag-declaration': 'it is a BagIt 1.0 bag',
  'bag-complete': 'every file is there, and no other',
  'bag-manifests': 'every file stands in every manifest',
  'bag-digests': 'every file has the digests that the manifests name',
  'openings-file': 'the openings can be read',
  'checkpoint-signature': 'the checkpoint is signed by the trusted key',
  'checkpoint-consistency': 'the log still contains the checkpoint that you kept',
  'entries-canonical': 'every entry is in its one canonical form',
  'entries-included': 'every entry is in the log',
  'chain-origin': 'every entry names this log',
  'chain-links': 'the chain is unbroken from its first entry',
  'chain-times': 'its times rise',
  openings: 'what is shown is what was committed to',
  acquisition: 'the original was acquired in this chain',
  'redacted-copy': 'the video is the one that was recorded',
  parent: 'it was made from the original of this chain',
  plan: 'the plan is the one that was recorded',
  'redaction-manifest': 'the redaction manifest is the one that was recorded',
  'leak-certificate': 'the leak certificate is the one that was recorded',
  'leak-limit': 'the certificate is about this copy, and clean',
  decision: 'the decision is the one that was recorded',
  obligations: 'what the decision demands was looked for',
  'disclosure-recorded': 'this very ZIP was prepared and recorded',
}

const marks = { verified: '✓', refuted: '✗', unjudged: '?' } as const
const words = { verified: 'VERIFIED', refuted: 'REFUTED', 'cannot-be-judged': 'CANNOT BE JUDGED' } as const

/** Exactly one object on one line. */
export function jsonReport({ ok, checks }: PackageVerdict): string {
  return `${JSON.stringify({ ok, checks })}\n`
}

export function textReport(path: string, { verdict, checks }: PackageVerdict, notes: readonly string[]): string {
  const width = Math.max(...checks.map(check => check.name.length))
  const lines = checks.map(check => {
    const { name, ok, code, detail } = check
    const text = ok ? (detail ?? meanings[name] ?? '') : `${detail ?? ''} [${code}]`
    const mark = marks[verdictOf([check])]
    return `  ${mark} ${name.padEnd(width)}  ${printable(text)}`
  })
  const keyMissing = verdict === 'cannot-be-judged' && checks.some(({ code }) => code === 'key-missing')
  const conclusion = `${words[verdict]}${keyMissing ? ': no trusted key' : ''}: ${path}`
  return `${[...lines, '', conclusion, ...notes.flatMap(note => ['', note])].join('\n')}\n`
}

/** Details quote the package, and a package must not write to the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}+/gu, ' ')
}
