import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCheckpoint, parseCheckpoint } from '../../service/custody/checkpoint.ts'
import { formatVerifierKey, NoteError, openNote, parseVerifierKey, signNote } from '../../service/custody/note.ts'
import { generateSigningKey, openSigner } from '../../service/custody/signer.ts'
import { formatTlogProof, parseTlogProof } from '../../service/custody/tlog-proof.ts'
import { origin, signer } from './setup.ts'

/** The example of C2SP signed-note. */
const exampleKey = parseVerifierKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
const exampleNote = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`

const other = openSigner('other.example/log', generateSigningKey())
const code = (body: () => unknown) => {
  try {
    body()
  } catch (error) {
    return error instanceof NoteError ? error.code : error
  }
  return undefined
}

describe('a signed note', () => {
  test('of the specification verifies', () => {
    expect(openNote(exampleNote, [exampleKey])).toEqual({
      text: 'This is an example message.\n',
      verified: [exampleKey],
    })
    expect(formatVerifierKey(exampleKey)).toBe('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
  })

  test('is opened by the keys that signed it, whatever else stands beside', async () => {
    const note = await signNote('a\n\nb\n', signer, other)
    expect(openNote(note, [signer])).toEqual({ text: 'a\n\nb\n', verified: [signer] })
    expect(openNote(note, [exampleKey, other, signer]).verified).toEqual([signer, other])
    expect(code(() => openNote(note, [exampleKey]))).toBe('signature-missing')
    expect(code(() => openNote(note, []))).toBe('signature-missing')
  })

  test('is rejected whole when a known key did not make the signature in its name', async () => {
    const note = await signNote('a\n', signer, other)
    const [, , , line] = note.split('\n')
    const [dash, name, signature] = line!.split(' ')
    const forged = Buffer.from(signature!, 'base64')
    forged[10]! ^= 1
    const changed = note.replace(line!, `${dash} ${name} ${forged.toString('base64')}`)
    expect(code(() => openNote(changed, [signer, other]))).toBe('signature-invalid')
    expect(openNote(changed, [signer]).verified).toEqual([signer])
  })

  test('with any byte changed is never opened as something else', async () => {
    const note = Buffer.from(await signNote(formatCheckpoint({ origin, size: 5, root: new Uint8Array(32) }), signer))
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(note)
        changed[at % note.length]! ^= change
        expect(code(() => openNote(changed.toString(), [signer]))).toMatch(/^(note-malformed|signature-)/)
      }),
    )
  })

  test.each([
    ['no signature', 'text\n'],
    ['no final newline', exampleNote.slice(0, -1)],
    ['a blank line at its end', `${exampleNote}\n`],
    ['a tab', exampleNote.replace('This', 'This\t')],
    ['a hyphen for the dash', exampleNote.replace('—', '-')],
    ['base64 without padding', exampleNote.replace('=\n', '\n')],
    ['base64 with stray bits', exampleNote.replace('M=\n', 'N=\n')],
    ['too many signatures', exampleNote + `${exampleNote.split('\n')[2]}\n`.repeat(64)],
  ])('with %s is malformed', (_name, note) => {
    expect(code(() => openNote(note, [exampleKey]))).toBe('note-malformed')
  })

  test.each([
    'example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==',
    'example.com/foo 530d903a AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    '',
  ])('takes no key from %j', text => {
    expect(code(() => parseVerifierKey(text))).toBe('note-malformed')
  })
})

describe('a checkpoint', () => {
  test('has exactly three lines', () => {
    const root = new Uint8Array(32).fill(3)
    const text = formatCheckpoint({ origin, size: 20852163, root })
    expect(parseCheckpoint(text)).toEqual({ origin, size: 20852163, root })
    for (const bad of [
      `${text}x\n`,
      text.slice(0, -1),
      `\n${text}`,
      text.replace('20852163', '020852163'),
      text.replace('20852163', '9'.repeat(17)),
    ]) {
      expect(() => parseCheckpoint(bad)).toThrow(SyntaxError)
    }
    expect(() => parseCheckpoint(text.replace(/[^\n]+\n$/, 'AAAA\n'))).toThrow(SyntaxError)
  })
})

describe('a tlog-proof', () => {
  test('is read back as it was written', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const extra = fc.option(fc.uint8Array({ minLength: 1 }), { nil: undefined })
    fc.assert(
      fc.property(fc.nat(), fc.array(hash, { maxLength: 60 }), extra, (index, proof, more) => {
        const value = { index, proof, checkpoint: exampleNote, ...(more && { extra: more }) }
        expect(parseTlogProof(formatTlogProof(value))).toEqual(value)
      }),
    )
  })

  test('is laid out as the specification shows', () => {
    const hash = Buffer.from('gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=', 'base64')
    expect(formatTlogProof({ index: 73894, proof: [hash], checkpoint: exampleNote, extra: Uint8Array.of(1) })).toBe(
      `c2sp.org/tlog-proof@v1\nextra AQ==\nindex 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\n${exampleNote}`,
    )
  })

  test.each([
    ['another header', 'c2sp.org/tlog-proof@v2\nindex 1\n\n'],
    ['no index', 'c2sp.org/tlog-proof@v1\n\n'],
    ['a leading zero', 'c2sp.org/tlog-proof@v1\nindex 01\n\n'],
    ['a short hash', 'c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n'],
    ['no empty line', 'c2sp.org/tlog-proof@v1\nindex 1\n'],
    ['extra after the index', 'c2sp.org/tlog-proof@v1\nindex 1\nextra AQ==\n\n'],
  ])('with %s is refused', (_name, text) => {
    expect(() => parseTlogProof(text)).toThrow(SyntaxError)
  })
})
