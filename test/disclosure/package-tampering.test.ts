import { appendFile, copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../service/custody/canonical.ts'
import {
  entryPath,
  explanatoryPaths,
  optionalPaths,
  packagePath,
  proofPath,
} from '../../service/custody/package-layout.ts'
import { type Content, detailOf, failures, forge, judge, rezip, unpack, withBytes } from './package-forgery.ts'
import { decision, makePackage, type TestPackage } from './package-support.ts'

let made: TestPackage
let bytes: Uint8Array
beforeAll(async () => {
  made = await makePackage()
  bytes = await readFile(made.zip)
})
afterAll(() => made[Symbol.asyncDispose]())

const flipped = (offset: number, bit: number) => {
  const copy = Uint8Array.from(bytes)
  copy[offset]! ^= 1 << bit
  return copy
}
const text = (content: Content, path: string) => Buffer.from(content.get(path)!).toString('utf8')
const rewrite = (content: Content, path: string, edit: (value: never) => unknown) =>
  content.set(path, canonicalJson(edit(JSON.parse(text(content, path)) as never)))

describe('one changed bit', () => {
  test('in any file is refuted, and the file is named', async () => {
    for (const { path, offset, len } of (await unpack(made.zip)).members) {
      for (const at of [0, len >> 1, len - 1]) {
        const verdict = await judge(made, await withBytes(made, 'flip', flipped(offset + at, at % 8)))
        expect(verdict.verdict, path).toBe('refuted')
        expect(detailOf(verdict, 'container'), path).toContain(path)
        const bag = ['bag-declaration', 'bag-manifests', 'bag-digests'].map(name => detailOf(verdict, name)).join()
        expect(bag, `${path} at ${at}`).toContain(path.startsWith('tagmanifest') ? 'manifest' : path)
      }
    }
  })

  test('anywhere in the ZIP is refuted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (offset, bit) => {
        expect((await judge(made, await withBytes(made, 'flip', flipped(offset, bit)))).verdict).toBe('refuted')
      }),
      { numRuns: 150 },
    )
  })

  test('in the directory or the end record of the ZIP is refuted', async () => {
    const from = Buffer.from(bytes).indexOf('PK\x01\x02', 0, 'latin1')
    for (let offset = from; offset < bytes.length; offset += 13) {
      const verdict = await judge(made, await withBytes(made, 'flip', flipped(offset, offset % 8)))
      expect(verdict.verdict, `offset ${offset}`).toBe('refuted')
    }
  })
})

describe('a ZIP', () => {
  test('that ends early or goes on is never verified', async () => {
    for (const len of [4, 1000, bytes.length >> 1, bytes.length - 200, bytes.length - 1])
      expect((await judge(made, await withBytes(made, 'cut', bytes.subarray(0, len)))).verdict).toBe('refuted')
    const longer = join(made.dir, 'longer.zip')
    await copyFile(made.zip, longer)
    await appendFile(longer, 'x')
    expect((await judge(made, longer)).verdict).toBe('refuted')
    expect((await judge(made, await withBytes(made, 'nothing', new Uint8Array()))).verdict).toBe('cannot-be-judged')
  })

  test('that another program packed from the same files verifies, but is not the one that was recorded', async () => {
    for (const compress of [true, false]) {
      const again = await rezip(made, 'again', () => {}, compress)
      expect(failures(await judge(made, again))).toEqual([])
      const receipt = await readFile(made.receiptFile, 'utf8')
      expect(failures(await judge(made, again, { receipt }))).toEqual(['disclosure-recorded: record-mismatch'])
    }
  })
})

describe('a file', () => {
  test('that is missing is named, also when the manifests leave it out', async () => {
    const { content } = await unpack(made.zip)
    for (const path of content.keys()) {
      if (optionalPaths.includes(path)) continue
      for (const make of path.startsWith('data/') ? [rezip, forge] : [rezip]) {
        const verdict = await judge(made, await make(made, 'missing', files => files.delete(path)))
        expect(verdict.verdict, path).toBe('refuted')
        expect(failures(verdict), path).toContain('bag-complete: file-missing')
        expect(detailOf(verdict, 'bag-complete')).toContain(path)
      }
    }
  })

  test('that packages once lacked may be missing, unless the manifests list it', async () => {
    for (const path of optionalPaths) {
      expect(failures(await judge(made, await forge(made, 'older', files => files.delete(path))))).toEqual([])
      const verdict = await judge(made, await rezip(made, 'missing', files => files.delete(path)))
      expect(failures(verdict)).toContain('bag-manifests: file-missing')
    }
  })

  test('that was added is named, also when the manifests list it', async () => {
    for (const path of ['data/extra.html', 'extra.txt', 'data/custody/entries/1.json', 'data/custody/key']) {
      for (const make of path.startsWith('data/') ? [rezip, forge] : [rezip]) {
        const verdict = await judge(made, await make(made, 'added', files => files.set(path, new Uint8Array([1]))))
        expect(failures(verdict), path).toContain('bag-complete: file-unexpected')
        expect(detailOf(verdict, 'bag-complete')).toContain(path)
      }
    }
  })

  test('that stands in one manifest and not in the other is named', async () => {
    for (const [manifest, listed] of [
      ['manifest-sha512.txt', 'data/plan.json'],
      ['tagmanifest-sha256.txt', 'bag-info.txt'],
    ] as const) {
      const zip = await rezip(made, 'unlisted', files => {
        const lines = text(files, manifest).split('\n')
        files.set(manifest, Buffer.from(lines.filter(line => !line.endsWith(`  ${listed}`)).join('\n')))
      })
      const verdict = await judge(made, zip)
      expect(failures(verdict)).toContain('bag-manifests: file-unlisted')
      expect(detailOf(verdict, 'bag-manifests')).toContain(listed)
    }
  })
})

describe('with manifests and seal made anew', () => {
  const cases: [what: string, change: (content: Content) => void, failure: string][] = [
    ['another video', c => c.set(packagePath.redacted, Buffer.from('another')), 'redacted-copy: record-mismatch'],
    ['another plan', c => rewrite(c, packagePath.plan, (p: object) => ({ ...p, tracks: [] })), 'plan: record-mismatch'],
    ['another manifest', c => c.set(packagePath.manifest, Buffer.from('{}')), 'redaction-manifest: record-mismatch'],
    [
      'a certificate with another bound',
      c => rewrite(c, packagePath.certificate, (v: object) => ({ ...v, couldNotTell: { frames: 0, blanked: false } })),
      'leak-certificate: record-mismatch',
    ],
    [
      'a certificate that is none',
      c => rewrite(c, packagePath.certificate, () => ({ v: 'custos-leak-certificate/v1' })),
      'leak-limit: file-malformed',
    ],
    [
      'another policy',
      c => rewrite(c, packagePath.decision, (d: object) => ({ ...d, bundle: '0'.repeat(64) })),
      'decision: record-mismatch',
    ],
    [
      'other policy data',
      c => rewrite(c, packagePath.decision, (d: object) => ({ ...d, data: '0'.repeat(64) })),
      'decision: record-mismatch',
    ],
    [
      'another input',
      c => rewrite(c, packagePath.decision, (d: object) => ({ ...d, input: '{}' })),
      'decision: record-mismatch',
    ],
    [
      'another outcome',
      c => rewrite(c, packagePath.decision, (d: object) => ({ ...d, outcome: 'refuse' })),
      'decision: record-mismatch',
    ],
    [
      'another answer',
      c =>
        rewrite(c, packagePath.decision, (d: object) => ({
          ...d,
          obligations: { ...decision.obligations, maxDownloads: 99 },
        })),
      'decision: record-mismatch',
    ],
    [
      'a decision that is not canonical',
      c => c.set(packagePath.decision, Buffer.from(`${text(c, packagePath.decision)}\n`)),
      'decision: file-malformed',
    ],
    [
      'an opening with another value',
      c => rewrite(c, packagePath.openings, (o: { value: unknown }[]) => [{ ...o[0], value: 'x' }, ...o.slice(1)]),
      'openings: opening-mismatch',
    ],
    ['no openings', c => c.set(packagePath.openings, Buffer.from('[]')), 'redacted-copy: not-opened'],
    ['openings that are none', c => c.set(packagePath.openings, Buffer.from('[1]')), 'openings-file: file-malformed'],
    [
      'a changed checkpoint',
      c => c.set(packagePath.checkpoint, Buffer.from(text(c, packagePath.checkpoint).replace('\n8\n', '\n9\n'))),
      'checkpoint-signature: signature-invalid',
    ],
    ['a changed proof', c => c.set(proofPath(4), c.get(proofPath(2))!), 'entries-included: proof-mismatch'],
    [
      'a changed entry',
      c => rewrite(c, entryPath(2), (e: object) => ({ ...e, blind: '0'.repeat(32) })),
      'entries-included: inclusion-invalid',
    ],
    [
      'an entry with an unknown field',
      c => rewrite(c, entryPath(2), (e: object) => ({ ...e, note: 'x' })),
      'entries-canonical: entry-malformed',
    ],
    ['two entries swapped', swapped, 'entries-included: inclusion-invalid'],
    ['an entry of the middle dropped', dropped(4), 'chain-links: chain-gap'],
    ['the first entry dropped', dropped(1), 'chain-links: chain-gap'],
    ['the plan dropped', dropped(5), 'plan: not-opened'],
    ['the redaction dropped', dropped(6), 'redacted-copy: not-opened'],
  ]
  test.each(cases)('%s is refuted', async (_what, change, failure) => {
    const verdict = await judge(made, await forge(made, 'forged', change))
    expect(verdict.verdict).toBe('refuted')
    expect(failures(verdict)).toContain(failure)
    expect(failures(verdict).filter(name => /^(container|bag-)/.test(name))).toEqual([])
  })

  test('the pages that explain are covered by the receipt alone', async () => {
    const receipt = await readFile(made.receiptFile, 'utf8')
    for (const path of explanatoryPaths) {
      const zip = await forge(made, 'page', content => content.set(path, Buffer.from('trust me')))
      expect((await judge(made, zip)).verdict).toBe('verified')
      expect(failures(await judge(made, zip, { receipt }))).toEqual(['disclosure-recorded: record-mismatch'])
    }
  })
})

function swapped(content: Content): void {
  const [one, other] = [content.get(entryPath(2))!, content.get(entryPath(4))!]
  content.set(entryPath(2), other).set(entryPath(4), one)
}

/** With its proof and its openings, as a careful forger would. */
function dropped(index: number): (content: Content) => void {
  return content => {
    content.delete(entryPath(index))
    content.delete(proofPath(index))
    rewrite(content, packagePath.openings, (openings: { index: number }[]) => openings.filter(o => o.index !== index))
  }
}
