import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { certificatePage } from '../../service/disclosure/package/certificate-page.ts'
import { canonicalCertificate, type Hit, type LeakCertificate } from '../../service/redaction/certificate.ts'
import { certificateOf } from './package-support.ts'

const page = (changes: Partial<LeakCertificate> = {}) =>
  certificatePage(canonicalCertificate(certificateOf(Buffer.from('copy'), changes)))
const hit: Hit = { family: 'text', class: 'plate', first: 3, last: 9, x: 1, y: 2, w: 30, h: 10, scorePerMille: 900 }
const residual = { tracks: 1, frames: 7, hits: [{ ...hit, verdict: 'could-not-tell' as const }] }

describe('the certificate as a page', () => {
  test('stands alone: no script, no address, nothing that a page may load', () => {
    for (const text of [page(), page({ residual })]) {
      expect(text).not.toMatch(/<script|<img|<link|<iframe|src=|href=|url\(|@import|\son\w+=/i)
      expect(text.replaceAll(/http-equiv/g, '')).not.toMatch(/https?:/)
      expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    }
  })

  test('shows hostile words as words', () => {
    const evil = `</td><script>alert(1)</script><img src=x onerror="a('b')">`
    const looks = certificateOf(Buffer.from('')).looks!.map(one => ({
      ...one,
      models: [{ name: evil, sha256: 'e'.repeat(64) }],
    }))
    const fill = { ...certificateOf(Buffer.from('')).fill!, colour: evil }
    const text = page({ metadata: [evil], caveats: [evil], looks, fill })
    expect(text).not.toMatch(/<script|<img|<\/td><&|onerror="/)
    expect(text.split('&#60;script&#62;')).toHaveLength(5)
  })

  test('says first what a reader must know: clean, found, unsound, or not proven', () => {
    expect(page()).toContain('<h1>Nothing was found left open</h1>')
    expect(page({ residual })).toMatch(/1 place in the open that may show a plate that cannot be read, on 7 frames/)
    expect(page({ residual })).toContain('only after a person has decided to release it')
    expect(page({ residual })).toContain('redaction.reviewed')
    expect(page({ metadata: ['title'] })).toContain('<h1>This copy must not be used</h1>')
    const { residual: _r, looks: _l, bounds: _b, fill: _f, ...bare } = certificateOf(Buffer.from('copy'))
    expect(certificatePage(canonicalCertificate(bare))).toContain('<h1>This copy was not proven</h1>')
  })

  test('says how many covers are too small to tell, and by which least width', () => {
    const covered = { tracks: 3, frames: 20, leastWidthPx: { face: 6, plate: 18 } }
    const text = page({ couldNotTell: { frames: 0, blanked: true, ranges: [], covered } })
    expect(text).toContain('Things too small to tell (pixels: 6 for a face, 18 for a plate)')
    expect(text).toContain('3, on 20 frames, all of them covered')
  })

  test('names the digest of the very JSON that it was made from', () => {
    const text = canonicalCertificate(certificateOf(Buffer.from('copy')))
    expect(certificatePage(text)).toContain(createHash('sha256').update(text).digest('hex'))
  })

  test('a list without end makes a page with one', () => {
    const many = Array.from({ length: 20_000 }, () => residual.hits[0]!)
    expect(page({ residual: { ...residual, hits: many } }).length).toBeLessThan(600_000)
  })
})
