import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { acceptable, certificateSchema, type Hit, type LeakCertificate } from '../../service/redaction/certificate.ts'
import { verdictOf } from '../../service/redaction/certificate-words.ts'
import { certificateOf } from '../disclosure/package-support.ts'

const clean = certificateOf(Buffer.from('copy'))
const hit: Hit = { family: 'detectors', class: 'face', first: 3, last: 9, x: 1, y: 2, w: 30, h: 40, scorePerMille: 900 }
const found = (tracks: number): Partial<LeakCertificate> => ({
  residual: { tracks, frames: 7, hits: Array.from({ length: tracks }, () => hit) },
})

test('the committed schema is that of the certificates we write', () => {
  expect(JSON.parse(readFileSync('docs/formats/leak-certificate.schema.json', 'utf8'))).toEqual(certificateSchema())
})

describe('a copy goes without a person only', () => {
  test('where nothing was found, unless policy allows a number', () => {
    expect(acceptable(clean)).toBe(true)
    const limit = { residualTracks: 2, couldNotTellFrames: 0, boundPerMillion: 1_000_000 }
    for (const [tracks, wanted] of [
      [0, true],
      [2, true],
      [3, false],
    ] as const) {
      expect(acceptable({ ...clean, ...found(tracks) }, limit)).toBe(wanted)
    }
    expect(acceptable({ ...clean, ...found(1) })).toBe(false)
    expect(verdictOf({ ...clean, ...found(1) }).kind).toBe('found')
  })

  test('where no frame that nobody can vouch for is in sight', () => {
    const inSight = { ...clean, couldNotTell: { ...clean.couldNotTell, blanked: false } }
    expect(acceptable(inSight)).toBe(false)
    expect(acceptable(inSight, { residualTracks: 0, couldNotTellFrames: 2, boundPerMillion: 1_000_000 })).toBe(true)
  })

  test('where every family’s bound keeps to the limit', () => {
    const limit = { residualTracks: 0, couldNotTellFrames: 0, boundPerMillion: 60_000 }
    expect(acceptable(clean, limit)).toBe(true)
    const [bound] = clean.bounds!
    const weaker = { ...bound!, family: 'text' as const, framesPerMillion: 60_001 }
    expect(acceptable({ ...clean, bounds: [bound!, weaker] }, limit)).toBe(false)
  })

  test('where somebody looked, and the copy is sound', () => {
    const { residual: _, ...unseen } = clean
    const { bounds: __, ...unbound } = clean
    const { fill: ___, ...unmeasured } = clean
    for (const one of [unseen, unbound, unmeasured, { ...clean, metadata: ['title'] }])
      expect(acceptable(one)).toBe(false)
  })
})
