import { createPrivateKey, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPackage } from '../../service/cli/read-package.ts'
import { canonicalJson } from '../../service/custody/canonical.ts'
import { formatCheckpoint } from '../../service/custody/checkpoint.ts'
import { formatVerifierKey, parseVerifierKey, signNote } from '../../service/custody/note.ts'
import { entryPath, packagePath, proofPath } from '../../service/custody/package-layout.ts'
import { generateSigningKey, openSigner } from '../../service/custody/signer.ts'
import { inclusionSpans } from '../../service/custody/subtrees.ts'
import { formatTlogProof, parseTlogProof } from '../../service/custody/tlog-proof.ts'
import { leafHash } from '../../service/custody/tree.ts'
import { type PackageListing, verifyPackage } from '../../service/custody/verify-package.ts'
import { detailOf, failures, forge } from '../disclosure/package-forgery.ts'
import { makePackage, plan, type Story, type TestPackage } from '../disclosure/package-support.ts'
import { merkleRoot } from './merkle-root.ts'
import { origin, signer, testAct } from './setup.ts'

let made: TestPackage
let listing: PackageListing
beforeAll(async () => {
  made = await makePackage()
  listing = await readPackage(made.zip)
})
afterAll(() => made[Symbol.asyncDispose]())

const keys = () => [parseVerifierKey(made.key)]
const attackerPem = generateSigningKey()
const attacker = openSigner(origin, attackerPem)

describe('trust', () => {
  test('without a key is nothing that could be verified, whatever the package says', () => {
    const result = verifyPackage(listing, { keys: [] })
    expect([result.ok, result.verdict]).toEqual([false, 'cannot-be-judged'])
    expect(failures(result)).toEqual([
      'checkpoint-signature: key-missing',
      'entries-included: not-reached',
      'chain-origin: not-reached',
    ])
    expect(result.checks.length).toBeGreaterThan(20)
  })

  test('without a key still sees a package that contradicts itself', () => {
    const files = listing.files.map(file =>
      file.path === packagePath.plan ? { ...file, sha256: '0'.repeat(64) } : file,
    )
    expect(verifyPackage({ ...listing, files }, { keys: [] }).verdict).toBe('refuted')
  })

  test('in another key refutes', () => {
    const result = verifyPackage(listing, { keys: [parseVerifierKey(formatVerifierKey(attacker))] })
    expect(result.verdict).toBe('refuted')
    expect(failures(result)).toContain('checkpoint-signature: signature-missing')
  })

  test('does not reach a log that an attacker made for these entries under the same name', async () => {
    const zip = await forge(made, 'attacker', content => {
      const leaves = Array.from({ length: 8 }, (_, i) => leafHash(content.get(entryPath(i)) ?? new Uint8Array()))
      const root = merkleRoot(leaves)
      const note = forgeNote(formatCheckpoint({ origin, size: 8, root }))
      content.set(packagePath.checkpoint, Buffer.from(note))
      for (const index of [1, 2, 4, 5, 6]) {
        const proof = inclusionSpans(index, 8).map(({ start, end }) => merkleRoot(leaves.slice(start, end)))
        content.set(proofPath(index), Buffer.from(formatTlogProof({ index, proof, checkpoint: note })))
      }
    })
    const forged = await readPackage(zip)
    expect(verifyPackage(forged, { keys: [attacker] }).verdict, 'the forgery is perfect but for its key').toBe(
      'verified',
    )
    const result = verifyPackage(forged, { keys: keys() })
    expect(failures(result)).toContain('checkpoint-signature: signature-missing')
    expect(result.verdict).toBe('refuted')
  })
})

describe('a ledger that tells another story than the package', () => {
  const digest = '0'.repeat(64)
  const open: Story['certificate'] = { residual: { tracks: 2, frames: 4, hits: [] } }
  const edited = { ...plan, tracks: [], deleted: [1] }
  const stories: [what: string, story: Story, failures: string[]][] = [
    ['the copy was made from another master', { from: { parent: digest } }, ['parent: record-mismatch']],
    ['nothing says what it was made from', { omitted: 'parent' }, ['parent: not-opened']],
    ['it was made by another plan', { from: { plan: digest } }, ['plan: record-mismatch']],
    ['no plan was recorded', { omitted: 'plan' }, ['plan: not-opened']],
    [
      'what was acquired is no master',
      { acquired: { sha256: digest, len: 1, role: 'derivative' } },
      ['acquisition: not-opened', 'parent: record-mismatch'],
    ],
    ['the copy was recorded as a master', { copyRole: 'master' }, ['redacted-copy: record-mismatch']],
    ['another answer was recorded', { pol: { answer: digest } as never }, ['decision: record-mismatch']],
    ['reasons were recorded', { pol: { reasons: ['purpose.missing'] } }, ['decision: record-mismatch']],
    ['nobody looked for plates', { plan: { ...plan, classes: ['face'] } }, ['obligations: record-mismatch']],
    ['something was found open', { certificate: open }, ['leak-limit: leak-limit-exceeded']],
    ['nobody looked a second time', { certificate: { residual: undefined } }, ['leak-limit: leak-limit-exceeded']],
    [
      'nobody says how far the second look reaches',
      { certificate: { bounds: undefined } },
      ['leak-limit: leak-limit-exceeded'],
    ],
    [
      'frames that nobody can vouch for were left in sight',
      { certificate: { couldNotTell: { frames: 2, blanked: false, ranges: [[44, 45]] } } },
      ['leak-limit: leak-limit-exceeded'],
    ],
    ['no entry shows that the plan was planned', { planned: 'never' }, ['plan: not-opened']],
    ['the plan was recorded after the copy was made from it', { planned: 'afterwards' }, ['plan: not-opened']],
    [
      'the copy was made from less than what was planned',
      { plan: { ...plan, tracks: [] }, planned: plan },
      ['plan: not-opened'],
    ],
    [
      'the manifest tells of another plan',
      { manifest: { plan: { sha256: digest } } },
      ['redaction-manifest: record-mismatch'],
    ],
    [
      'the manifest tells of another copy',
      { manifest: { copy: { sha256: digest } } },
      ['redaction-manifest: record-mismatch'],
    ],
    ['the manifest names no plan', { manifest: { plan: {} } }, ['redaction-manifest: file-malformed']],
    ['a person edited the plan, and no entry says so', { plan: edited }, ['plan: not-opened']],
    [
      'an entry about the plan is no edit of it',
      { plan: edited, edits: [{ plan: undefined, edit: undefined }] },
      ['plan: not-opened'],
    ],
    ['nobody released what was edited', { plan: edited, edits: [{}] }, ['plan: not-opened']],
    ['what was edited was withheld', { plan: edited, edits: [{}], review: 'review.withhold' }, ['plan: not-opened']],
    [
      'another copy of what was edited was released',
      { plan: edited, edits: [{}], review: 'review.release', reviewed: { parent: digest } },
      ['plan: not-opened'],
    ],
    [
      'another plan made the same bytes, and that copy was released',
      { plan: edited, edits: [{}], review: 'review.release', reviewed: { certificate: digest } },
      ['plan: not-opened'],
    ],
    [
      'what was edited is no plan that an entry shows',
      { plan: edited, planned: 'never', edits: [{}], review: 'review.release' },
      ['plan: not-opened'],
    ],
    ['metadata was left in', { certificate: { metadata: ['title'] } }, ['leak-limit: leak-limit-exceeded']],
    ['a person withheld it', { certificate: open, review: 'review.withhold' }, ['leak-limit: leak-limit-exceeded']],
    [
      'a person released another copy',
      { certificate: open, review: 'review.release', reviewed: { parent: digest } },
      ['leak-limit: leak-limit-exceeded'],
    ],
    [
      'a person released it on another certificate',
      { certificate: open, review: 'review.release', reviewed: { certificate: digest } },
      ['leak-limit: leak-limit-exceeded'],
    ],
    [
      'frames are missing',
      { certificate: { frames: { listed: 50, decoded: 49, farthestTickPerMille: 0 } } },
      ['leak-limit: leak-limit-exceeded'],
    ],
    [
      'the certificate is about another copy',
      { certificate: { copy: { sha256: digest, len: 1, width: 2, height: 2 } } },
      ['leak-limit: record-mismatch'],
    ],
  ]
  test('what was found open may leave when a person released it, and the check says so', async () => {
    await using other = await makePackage({ certificate: open, review: 'review.release' }, made.ledger)
    const result = verifyPackage(await readPackage(other.zip), { keys: keys() })
    expect(failures(result)).toEqual([])
    expect(detailOf(result, 'leak-limit')).toMatch(/found 2 uncovered: a person released it all the same, entry \d+/)
  })

  test('what persons edited shows edit by edit, and that another released it', async () => {
    const between = { ...plan, tracks: plan.tracks.map(track => ({ ...track, visible: true as const })) }
    await using other = await makePackage(
      { plan: edited, edits: [{ obj: between }, {}], review: 'review.release' },
      made.ledger,
    )
    const result = verifyPackage(await readPackage(other.zip), { keys: keys() })
    expect(failures(result)).toEqual([])
    expect(detailOf(result, 'plan')).toMatch(/edited by persons, entries \d+, \d+, and released by one, entry \d+/)
  })

  test.each(stories)('%s', async (_what, story, expected) => {
    await using other = await makePackage(story, made.ledger)
    const result = verifyPackage(await readPackage(other.zip), { keys: keys() })
    expect(failures(result)).toEqual(expected)
    expect(result.verdict).toBe('refuted')
  })
})

describe('a checkpoint that was kept', () => {
  const judged = (checkpoint: string) => verifyPackage(listing, { keys: keys(), checkpoint })
  const signed = (size: number, root: Uint8Array, by = signer) => signNote(formatCheckpoint({ origin, size, root }), by)

  test('of an older tree that ends at an entry of the chain is proven by the package alone', () => {
    const result = judged(made.earlier)
    expect(failures(result)).toEqual([])
    expect(result.checks.map(({ name }) => name)).toContain('checkpoint-consistency')
  })

  test('of the very tree of the package agrees with it', async () => {
    expect(judged(made.input.bundle.checkpoint).verdict).toBe('verified')
  })

  test('of a tree that the package does not continue is a fork, and refutes', async () => {
    for (const size of [2, 8]) {
      const result = judged(await signed(size, new Uint8Array(32)))
      expect(failures(result)).toEqual(['checkpoint-consistency: consistency-invalid'])
      expect(result.verdict).toBe('refuted')
    }
  })

  test('that is newer than the package leaves it unjudged', async () => {
    await made.ledger.append(testAct())
    const result = judged(await made.ledger.checkpoint())
    expect(failures(result)).toEqual(['checkpoint-consistency: consistency-missing'])
    expect(result.verdict).toBe('cannot-be-judged')
  })

  test('that the trusted key has not signed is of no use', async () => {
    expect(judged(await signed(2, new Uint8Array(32), attacker)).ok).toBe(false)
  })
})

describe('a receipt', () => {
  const judged = (listed: PackageListing, receipt: string) => verifyPackage(listed, { keys: keys(), receipt })
  const code = (listed: PackageListing, receipt: string) =>
    judged(listed, receipt).checks.find(({ name }) => name === 'disclosure-recorded')?.code

  test('is worth nothing without a trusted key', async () => {
    const receipt = await readFile(made.receiptFile, 'utf8')
    expect(code(listing, receipt)).toBeUndefined()
    expect(verifyPackage(listing, { keys: [], receipt }).verdict).toBe('cannot-be-judged')
  })

  test('of another ZIP or another exhibit does not fit', async () => {
    const receipt = await readFile(made.receiptFile, 'utf8')
    const { sha256, len } = listing.zip
    expect(code({ ...listing, zip: { sha256: '0'.repeat(64), len } }, receipt)).toBe('record-mismatch')
    expect(code({ ...listing, zip: { sha256, len: len + 1 } }, receipt)).toBe('record-mismatch')
    await using other = await makePackage({}, made.ledger)
    const strange = await readFile(other.receiptFile, 'utf8')
    expect(code({ ...listing, zip: other.built }, strange)).toBe('record-mismatch')
    expect(code(await readPackage(other.zip), strange)).toBeUndefined()
  })

  test('that was tampered with is found out', async () => {
    const receipt = await readFile(made.receiptFile, 'utf8')
    const proof = parseTlogProof(receipt)
    const extra = JSON.parse(Buffer.from(proof.extra!).toString()) as { entry: object; openings: { value: unknown }[] }
    const withExtra = (changed: object) => formatTlogProof({ ...proof, extra: canonicalJson(changed, 1 << 16) })
    const [first, ...rest] = extra.openings
    const note = forgeNote(formatCheckpoint({ origin, size: 9, root: new Uint8Array(32) }))
    const cases: [string, string][] = [
      [withExtra({ ...extra, entry: { ...extra.entry, blind: '0'.repeat(32) } }), 'inclusion-invalid'],
      [formatTlogProof({ ...proof, index: proof.index - 1 }), 'inclusion-invalid'],
      [withExtra({ ...extra, openings: [{ ...first, value: 'access.permitted' }, ...rest] }), 'opening-mismatch'],
      [withExtra({ ...extra, openings: [first, ...extra.openings] }), 'opening-repeated'],
      [withExtra({ ...extra, openings: [] }), 'not-opened'],
      [withExtra({ ...extra, more: 1 }), 'entry-malformed'],
      [formatTlogProof({ ...proof, checkpoint: note }), 'signature-missing'],
      ['nothing', 'proof-malformed'],
    ]
    expect(judged(listing, receipt.replace(/^extra .*\n/m, '')).verdict).toBe('cannot-be-judged')
    for (const [text, expected] of cases) {
      expect(code(listing, text)).toBe(expected)
      expect(judged(listing, text).verdict).toBe('refuted')
    }
  })
})

/** A signed note without waiting, since a forgery is written in one go. */
function forgeNote(text: string): string {
  const signature = sign(null, Buffer.from(text), createPrivateKey(attackerPem))
  return `${text}\n— ${origin} ${Buffer.concat([Buffer.from(attacker.keyId, 'hex'), signature]).toString('base64')}\n`
}
