import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coversOf } from '../../service/redaction/covers.ts'
import {
  assertPlanFits,
  type BoxRun,
  canonicalPlan,
  coveredFrames,
  parsePlan,
  planDigest,
  type RedactionPlan,
} from '../../service/redaction/plan.ts'

const sha256 = 'ab'.repeat(32)

function planOf(runs: BoxRun[], change: Partial<RedactionPlan> = {}): RedactionPlan {
  return {
    v: 'custos-plan/v1',
    clip: { sha256, width: 641, height: 360, frames: 100 },
    tool: { models: [{ name: 'faces', sha256 }], parameters: { face: { startPerMille: 500 } } },
    classes: ['face'],
    tracks: [
      {
        id: 1,
        class: 'face',
        ground: 'personal-data',
        origin: { kind: 'detector', models: [sha256] },
        confidence: 812,
        runs,
        unseen: [[3, 4]],
      },
    ],
    couldNotTell: [],
    ...change,
  }
}

const sound = planOf([
  [0, 4, 10, 20, 30, 40],
  [5, 5, 12, 20, 30, 40],
])

describe('a plan', () => {
  test('keeps its digest whatever the order of its keys', () => {
    const shuffled = JSON.stringify(Object.fromEntries(Object.entries(sound).toReversed()), null, 2)
    expect(planDigest(parsePlan(shuffled))).toBe(planDigest(sound))
    expect(planDigest(sound)).toBe('576cac01aed5c8f5875430ba798509623230b1aa5083498417b037fdd2cca66a')
  })

  test('reads back from its canonical form', () => {
    expect(parsePlan(canonicalPlan(sound))).toEqual(sound)
  })

  test('counts a frame once however many boxes stand on it', () => {
    const twice = { ...sound, tracks: [sound.tracks[0]!, { ...sound.tracks[0]!, id: 2 }] }
    expect(coveredFrames(twice)).toBe(6)
  })

  test('covers nothing of a track kept visible, though it lies under a box of another, and nothing else less', () => {
    const seen = { ...sound.tracks[0]!, id: 2, visible: true as const, runs: [[0, 9, 100, 20, 30, 40]] as BoxRun[] }
    const kept = planOf(sound.tracks[0]!.runs, { tracks: [sound.tracks[0]!, seen] })
    expect(parsePlan(canonicalPlan(kept))).toEqual(kept)
    expect(coversOf(kept)).toEqual(coversOf(sound))
    expect(coveredFrames(kept)).toBe(6)
    expect(planDigest(kept)).not.toBe(planDigest(sound))
  })

  test('may end at an odd border of the frame', () => {
    expect(() => parsePlan(JSON.stringify(planOf([[0, 9, 600, 0, 41, 360]])))).not.toThrow()
  })

  test.for<[string, RedactionPlan]>([
    ['a box that leaves the frame', planOf([[0, 9, 600, 0, 42, 360]])],
    ['an odd edge', planOf([[0, 9, 11, 20, 31, 40]])],
    ['an odd far edge', planOf([[0, 9, 10, 20, 31, 40]])],
    ['half a pixel', planOf([[0, 9, 10.5, 20, 30, 40]])],
    ['an empty box', planOf([[0, 9, 10, 20, 0, 40]])],
    ['a box before the first pixel', planOf([[0, 9, -2, 20, 30, 40]])],
    ['a track without boxes', planOf([])],
    ['a frame beyond the clip', planOf([[0, 100, 10, 20, 30, 40]])],
    ['frames that fall', planOf([[5, 4, 10, 20, 30, 40]])],
    [
      'overlapping runs',
      planOf([
        [0, 4, 10, 20, 30, 40],
        [4, 6, 10, 20, 30, 40],
      ]),
    ],
    ['an unknown field', { ...sound, note: '' } as RedactionPlan],
    [
      'a track that is half visible',
      planOf([], { tracks: [{ ...sound.tracks[0]!, visible: false as unknown as true }] }),
    ],
    ['another version', { ...sound, v: 'custos-plan/v2' } as unknown as RedactionPlan],
    ['the same track twice', { ...sound, tracks: [sound.tracks[0]!, sound.tracks[0]!] }],
    ['doubt beyond the clip', planOf([[0, 4, 10, 20, 30, 40]], { couldNotTell: [[99, 100]] })],
    ['a digest that is none', planOf([[0, 4, 10, 20, 30, 40]], { clip: { ...sound.clip, sha256: 'ab' } })],
  ])('is refused with %s', ([, faulty]) => {
    expect(() => parsePlan(JSON.stringify(faulty))).toThrow(expect.objectContaining({ type: 'plan-does-not-fit' }))
  })

  test('is refused when it is not JSON', () => {
    expect(() => parsePlan('{')).toThrow(expect.objectContaining({ type: 'plan-does-not-fit' }))
  })

  test.for(['sha256', 'width', 'height', 'frames'] as const)('fits no clip of another %s', key => {
    const other = { ...sound.clip, [key]: key === 'sha256' ? 'cd'.repeat(32) : 1 }
    expect(() => assertPlanFits(sound, sound.clip)).not.toThrow()
    expect(() => assertPlanFits(sound, other)).toThrow(expect.objectContaining({ type: 'plan-does-not-fit' }))
  })

  test('never reads as another plan after a change of any one number', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 4 }), (at, by) => {
        const run = [...sound.tracks[0]!.runs[0]!] as BoxRun
        run[at] = run[at]! + by * 2
        const changed = planOf([run])
        expect(planDigest(changed)).not.toBe(planDigest(planOf([sound.tracks[0]!.runs[0]!])))
      }),
    )
  })
})
