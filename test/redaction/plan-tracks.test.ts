import { describe, expect, test } from 'vitest'
import { lookedAt } from '../../service/redaction/looks.ts'
import { doubtsOf, tracksOf } from '../../service/redaction/plan-tracks.ts'
import type { StandingFinding } from '../../service/redaction/pursue.ts'
import type { Scan } from '../../service/redaction/scan.ts'

const clip = {
  width: 1000,
  height: 500,
  pts: Array.from({ length: 50 }, (_, n) => n),
  timeBase: { num: 1, den: 25 },
}
const wanted = { class: 'face', models: ['ab'.repeat(32)], ground: 'third-party' } as const

function face(x: number, until: number, score = 0.9): StandingFinding {
  return { class: 'face', score, box: { x, y: 0.4, w: 0.05, h: 0.1 }, until }
}

/** Every frame was looked at. */
function scanOf(frames: StandingFinding[][], damaged: [number, number][] = []): Scan {
  return { frames, looks: new Uint8Array(frames.length).fill(lookedAt.whole), cuts: [], damaged }
}

describe('tracks', () => {
  test('of what two detectors saw are one', () => {
    const frames = clip.pts.map(n => [face(0.4, n), face(0.41, n, 0.6)])
    const [track, ...others] = tracksOf(scanOf(frames), clip, wanted, 7)
    expect(others).toEqual([])
    expect(track).toMatchObject({ id: 7, class: 'face', ground: 'third-party', confidence: 900, unseen: [] })
    // 400..460 x 200..250, grown by 1.4, but by no less than 8 pixels, to even pixels.
    expect(track!.runs).toEqual([[0, 49, 388, 190, 84, 70]])
  })

  test('of another class are not made', () => {
    const frames = clip.pts.map(n => [face(0.4, n)])
    expect(tracksOf(scanOf(frames), clip, { ...wanted, class: 'plate' }, 1)).toEqual([])
  })
})

test('a scene cut ends tracks: no box reaches over it, and none is linked over it', () => {
  const frames = clip.pts.map(n => (n < 20 ? [face(0.4, n)] : n >= 24 ? [face(0.4, n)] : []))
  const tracks = tracksOf({ ...scanOf(frames), cuts: [22] }, clip, wanted, 1)
  expect(tracks.map(({ runs }) => [runs[0]![0], runs.at(-1)![1]])).toEqual([
    [0, 21],
    [22, 49],
  ])
})

test('what is seen in every look at its scene is no chance, however short the scene: a recorder may take its cameras in turns', () => {
  const frames = clip.pts.map(n => [face(0.4, n, 0.6)])
  const tracks = tracksOf({ ...scanOf(frames), cuts: clip.pts.slice(1) }, clip, wanted, 1)
  expect(tracks.map(({ runs }) => [runs[0]![0], runs.at(-1)![1]])).toEqual(clip.pts.map(n => [n, n]))
})

describe('a thing narrower than the least width, which is 50 pixels here,', () => {
  const frames = clip.pts.map(n => [face(0.4, n)])
  const tracksAt = (leastWidthPx: number) => tracksOf(scanOf(frames), clip, { ...wanted, leastWidthPx }, 1)

  test('is covered as it would be without one, and nobody can tell what it is', () => {
    const [sure] = tracksAt(50)
    expect(sure).not.toHaveProperty('couldNotTell')
    expect(tracksAt(51)).toEqual([{ ...sure, couldNotTell: true }])
    expect(tracksOf(scanOf(frames), clip, wanted, 1)).toEqual([sure])
  })

  test('is no such thing when it was wide enough on one frame', () => {
    const nearer = frames.map((found, n) => (n === 30 ? found.map(f => ({ ...f, box: { ...f.box, w: 0.06 } })) : found))
    const [track] = tracksOf(scanOf(nearer), clip, { ...wanted, leastWidthPx: 60 }, 1)
    expect(track).not.toHaveProperty('couldNotTell')
  })

  test('spoils no frame: none is blanked for it', () => {
    expect(doubtsOf(scanOf(frames))).toEqual([])
  })
})

describe('doubt', () => {
  test('is there where the decoder concealed something, and nowhere else', () => {
    const frames = clip.pts.map(() => [])
    expect(doubtsOf(scanOf(frames))).toEqual([])
    expect(
      doubtsOf(
        scanOf(frames, [
          [3, 5],
          [9, 9],
        ]),
      ),
    ).toEqual([
      [3, 5],
      [9, 9],
    ])
  })

  test('is there where more was found than a frame can show, and the plan is still made', () => {
    const crowd = (n: number) => Array.from({ length: 2000 }, (_, i) => face((i % 100) / 100, n, 0.3 + i / 4000))
    const frames = clip.pts.map(n => (n === 20 || n === 21 ? crowd(n) : [face(0.4, n)]))
    expect(doubtsOf(scanOf(frames, [[21, 22]]))).toEqual([[20, 22]])
    expect(tracksOf(scanOf(frames), clip, wanted, 1).length).toBeGreaterThan(0)
  })
})
