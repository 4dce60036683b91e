import { describe, expect, test } from 'vitest'
import type { CheckCode } from '../../service/custody/check.ts'
import { formatCheckpoint } from '../../service/custody/checkpoint.ts'
import { toBase64 } from '../../service/custody/encoding.ts'
import { signNote } from '../../service/custody/note.ts'
import { generateSigningKey, openSigner } from '../../service/custody/signer.ts'
import { consistencySpans } from '../../service/custody/subtrees.ts'
import { leafHash } from '../../service/custody/tree.ts'
import { type ChainInput, type Trust, verdict, verifyChain } from '../../service/custody/verify.ts'
import { paperBundle, paperChain, paperCheckpoint, paperProof } from './paper-log.ts'
import { origin, signer } from './setup.ts'

const indices = [1, 2, 4]
const trust: Trust = { keys: [signer] }
const chain = paperChain(indices)
const log = Array.from(
  { length: 7 },
  (_, i) => chain[indices.indexOf(i)]?.bytes ?? new TextEncoder().encode(`another chain's entry ${i}`),
)
const honest = await paperBundle(chain, indices, log, signer)

/** What fails, by name: codes of the checks that are not ok, in their order. */
function faults(input: ChainInput, by: Trust = trust): Record<string, CheckCode> {
  return Object.fromEntries(verifyChain(input, by).flatMap(({ name, code }) => (code ? [[name, code]] : [])))
}

/** The same chain with something changed inside an entry, in a log that honestly includes the result. */
async function logged(change: Parameters<typeof paperChain>[1], at = indices): Promise<ChainInput> {
  const made = paperChain(at, change)
  const size = Math.max(...at) + 2
  const entries = Array.from({ length: size }, (_, i) => made[at.indexOf(i)]?.bytes ?? new TextEncoder().encode(`${i}`))
  return paperBundle(made, at, entries, signer)
}

function withEntry(i: number, change: object): ChainInput {
  return { ...honest, entries: honest.entries.map((entry, at) => (at === i ? { ...entry, ...change } : entry)) }
}

describe('a chain', () => {
  test('that is whole verifies, every check named', () => {
    const checks = verifyChain(honest, trust)
    expect(checks.map(check => [check.name, check.ok])).toEqual([
      ['checkpoint-signature', true],
      ['entries-canonical', true],
      ['entries-included', true],
      ['chain-origin', true],
      ['chain-links', true],
      ['chain-times', true],
      ['openings', true],
    ])
    expect(verdict(checks)).toBe('verified')
  })

  test('is refuted when any bit of any entry is changed', () => {
    honest.entries.forEach(({ bytes }, i) => {
      for (let at = 0; at < bytes.length; at++) {
        const changed = Uint8Array.from(bytes)
        changed[at]! ^= 1
        const checks = verifyChain(withEntry(i, { bytes: changed }), trust)
        expect(verdict(checks)).toBe('refuted')
        expect(checks.find(check => check.name === 'entries-included')?.code).toBe('inclusion-invalid')
      }
    })
  })

  test('whose links are sound but were never in the tree proves nothing', async () => {
    const other = paperChain(indices, entry => ({ ...entry, blind: 'f'.repeat(32) }))
    const fake = {
      ...honest,
      entries: honest.entries.map((entry, i) => ({ ...entry, bytes: other[i]!.bytes })),
      openings: [],
    }
    expect(faults(fake)).toEqual({ 'entries-included': 'inclusion-invalid' })
    const onlyFirst = withEntry(0, { bytes: other[0]!.bytes })
    expect(faults({ ...onlyFirst, openings: [] })).toEqual({
      'entries-included': 'inclusion-invalid',
      'chain-links': 'link-invalid',
    })
  })

  test.each<[string, CheckCode, (entry: object, i: number) => object]>([
    ['a gap in seq', 'chain-gap', (entry, i) => (i === 2 ? { ...entry, seq: 4 } : entry)],
    [
      'a link to another index',
      'link-invalid',
      (entry, i) => (i === 2 ? { ...entry, prev: { ...(entry as { prev: object }).prev, i: 1 } } : entry),
    ],
    [
      'a link to another hash',
      'link-invalid',
      (entry, i) => (i === 2 ? { ...entry, prev: { i: 2, h: '0'.repeat(64) } } : entry),
    ],
    ['an entry of another chain', 'chain-mixed', (entry, i) => (i === 1 ? { ...entry, chain: 'f'.repeat(32) } : entry)],
    [
      'time that stands still',
      'time-not-rising',
      (entry, i) => (i === 1 ? { ...entry, t: '2001-09-09T01:46:40.000001Z' } : entry),
    ],
    [
      'an entry of another log',
      'origin-mismatch',
      (entry, i) => (i === 1 ? { ...entry, log: 'other.example' } : entry),
    ],
  ])('with %s is refuted, though its log includes every entry', async (_name, code, change) => {
    const input = await logged((entry, i) => change(entry, i))
    expect(Object.values(faults(input))).toEqual([code])
  })

  test('is refuted when an entry is left out, repeated or put elsewhere', () => {
    const [a, b, c] = honest.entries
    const links = (entries: ChainInput['entries']) => faults({ ...honest, entries, openings: [] })['chain-links']
    expect(links([b!, c!])).toBe('chain-gap')
    expect(links([a!, c!])).toBe('chain-gap')
    expect(links([a!, b!, b!])).toBe('chain-gap')
    expect(links([b!, a!, c!])).toBe('chain-gap')
    expect(links([a!, b!])).toBeUndefined()
    expect(faults({ ...honest, entries: [], openings: [] })['entries-canonical']).toBe('chain-empty')
  })

  test('is refuted when a link points forward', async () => {
    expect(faults(await logged(undefined, [4, 2]))['chain-links']).toBe('link-invalid')
  })

  test('needs for each entry the proof of that entry at that checkpoint', async () => {
    const newer = await paperBundle(chain, indices, [...log, log[0]!], signer)
    const included = (input: ChainInput) => faults(input)['entries-included']
    expect(included(withEntry(1, { proof: honest.entries[0]!.proof }))).toBe('proof-mismatch')
    expect(included(withEntry(1, { proof: newer.entries[1]!.proof }))).toBe('proof-mismatch')
    expect(included(withEntry(1, { proof: '' }))).toBe('proof-malformed')
    expect(included(withEntry(1, { proof: honest.entries[1]!.proof.replace(/(index 2\n)[^\n]+\n/, '$1') }))).toBe(
      'inclusion-invalid',
    )
    expect(included(withEntry(1, { index: 3, proof: honest.entries[1]!.proof.replace('index 2', 'index 3') }))).toBe(
      'inclusion-invalid',
    )
  })
})

describe('an opening', () => {
  test('that does not fit, is not of this chain, or comes twice refutes', () => {
    const [first, ...rest] = honest.openings
    const opened = (openings: ChainInput['openings']) => faults({ ...honest, openings }).openings
    expect(opened(rest)).toBeUndefined()
    expect(opened([])).toBeUndefined()
    expect(opened([{ ...first!, value: 'another' }])).toBe('opening-mismatch')
    expect(opened([{ ...first!, index: 2 }])).toBe('opening-mismatch')
    expect(opened([{ ...first!, index: 3 }])).toBe('opening-unknown')
    expect(opened([{ ...first!, field: 'constructor' as never }])).toBe('opening-unknown')
    expect(opened([first!, first!])).toBe('opening-repeated')
  })
})

describe('a checkpoint', () => {
  const stranger = openSigner(origin, generateSigningKey())

  test('is judged by keys from outside alone', async () => {
    const checks = verifyChain(honest, { keys: [] })
    expect(checks[0]?.code).toBe('key-missing')
    expect(checks.find(check => check.name === 'entries-included')?.code).toBe('not-reached')
    expect(verdict(checks)).toBe('unjudged')
    expect(faults(honest, { keys: [stranger] })['checkpoint-signature']).toBe('signature-missing')
    expect(verdict(verifyChain(honest, { keys: [stranger] }))).toBe('refuted')
    const forged = await paperBundle(chain, indices, log, { ...signer, sign: stranger.sign })
    expect(faults(forged)['checkpoint-signature']).toBe('signature-invalid')
  })

  test('without a key still cannot hide a chain that contradicts itself', () => {
    expect(verdict(verifyChain({ ...honest, entries: honest.entries.slice(1), openings: [] }, { keys: [] }))).toBe(
      'refuted',
    )
  })

  test('is refuted when it is none, or of another log', async () => {
    const signed = async (text: string) =>
      faults({ ...honest, checkpoint: await signNote(text, signer) })['checkpoint-signature']
    expect(await signed('not a checkpoint\n')).toBe('checkpoint-malformed')
    expect(await signed(formatCheckpoint({ origin: 'other.example', size: 7, root: new Uint8Array(32) }))).toBe(
      'origin-mismatch',
    )
    expect(faults(honest, { ...trust, origin: 'other.example' })['checkpoint-signature']).toBe('origin-mismatch')
    expect(faults({ ...honest, checkpoint: '' })['checkpoint-signature']).toBe('note-malformed')
  })

  test('is compared with one seen before, older, equal or newer', async () => {
    const leaves = [...log, log[0]!].map(leafHash)
    const proof = (from: number, to: number) =>
      paperProof(leaves.slice(0, to), consistencySpans(from, to)).map(toBase64)
    const compared = (checkpoint: string, consistency?: string[]) =>
      faults({ ...honest, ...(consistency && { consistency }) }, { ...trust, checkpoint })['checkpoint-consistency']
    const older = await paperCheckpoint(log.slice(0, 3), signer)
    const newer = await paperCheckpoint([...log, log[0]!], signer)
    const fork = await paperCheckpoint([...log.slice(0, 2), log[0]!], signer)
    expect(compared(older, proof(3, 7))).toBeUndefined()
    expect(compared(newer, proof(7, 8))).toBeUndefined()
    expect(compared(honest.checkpoint)).toBeUndefined()
    expect(compared(await paperCheckpoint([], signer))).toBeUndefined()
    expect(compared(older)).toBe('consistency-missing')
    expect(verdict(verifyChain(honest, { ...trust, checkpoint: older }))).toBe('unjudged')
    expect(compared(fork, proof(3, 7))).toBe('consistency-invalid')
    expect(compared(await paperCheckpoint([...log.slice(0, 6), log[0]!], signer))).toBe('consistency-invalid')
    expect(compared(older, ['?'])).toBe('consistency-invalid')
    expect(compared(await paperCheckpoint(log, stranger))).toBe('trusted-checkpoint-invalid')
    expect(compared(older.replace('\n3\n', '\n4\n'), proof(3, 7))).toBe('trusted-checkpoint-invalid')
  })
})

test('no check at all verifies nothing', () => {
  expect(verdict([])).toBe('unjudged')
})
