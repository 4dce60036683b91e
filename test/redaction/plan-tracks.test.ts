import { describe, expect, test } from 'vitest'
import type { Finding } from '../../service/redaction/detector.ts'
import { doubtsOf, tracksOf } from '../../service/redaction/plan-tracks.ts'

const clip = {
  width: 1000,
  height: 500,
  pts: Array.from({ length: 50 }, (_, n) => n),
  timeBase: { num: 1, den: 25 },
}
const wanted = { class: 'face', models: ['ab'.repeat(32)], ground: 'third-party' } as const

function face(x: number, score = 0.9): Finding {
  return { class: 'face', score, box: { x, y: 0.4, w: 0.05, h: 0.1 } }
}

describe('tracks', () => {
  test('of what two detectors saw are one', () => {
    const frames = clip.pts.map(() => [face(0.4), face(0.41, 0.6)])
    const [track, ...others] = tracksOf({ frames, damaged: [] }, clip, wanted, 7)
    expect(others).toEqual([])
    expect(track).toMatchObject({ id: 7, class: 'face', ground: 'third-party', confidence: 900, unseen: [] })
    // 400..460 x 200..250, grown by 1.4, but by no less than 8 pixels, to even pixels.
    expect(track!.runs).toEqual([[0, 49, 388, 190, 84, 70]])
  })

  test('of another class are not made', () => {
    const frames = clip.pts.map(() => [face(0.4)])
    expect(tracksOf({ frames, damaged: [] }, clip, { ...wanted, class: 'plate' }, 1)).toEqual([])
  })
})

describe('doubt', () => {
  test('is there where the decoder concealed something, and nowhere else', () => {
    const frames = clip.pts.map(() => [])
    expect(doubtsOf({ frames, damaged: [] })).toEqual([])
    expect(
      doubtsOf({
        frames,
        damaged: [
          [3, 5],
          [9, 9],
        ],
      }),
    ).toEqual([
      [3, 5],
      [9, 9],
    ])
  })

  test('is there where more was found than a frame can show, and the plan is still made', () => {
    const crowd = Array.from({ length: 2000 }, (_, i) => face((i % 100) / 100, 0.3 + i / 4000))
    const frames = clip.pts.map(n => (n === 20 || n === 21 ? crowd : [face(0.4)]))
    expect(doubtsOf({ frames, damaged: [[21, 22]] })).toEqual([[20, 22]])
    expect(tracksOf({ frames, damaged: [] }, clip, wanted, 1).length).toBeGreaterThan(0)
  })
})
