import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coversOf } from '../../service/redaction/covers.ts'
import {
  canonicalPlan,
  type PlanTrack,
  parsePlan,
  planDigest,
  type RedactionPlan,
} from '../../service/redaction/plan.ts'
import { editPlan, type PlanEdit, planEdit } from '../../service/redaction/plan-edit.ts'

const sha256 = 'ab'.repeat(32)
const clip = { sha256, width: 25, height: 18, frames: 12 }

function trackWith(change: Partial<PlanTrack>): PlanTrack {
  const origin: PlanTrack['origin'] = { kind: 'detector', models: [sha256] }
  return { id: 1, class: 'face', ground: 'personal-data', origin, confidence: 900, runs: [], unseen: [], ...change }
}

const plan: RedactionPlan = {
  v: 'custos-plan/v1',
  clip,
  tool: { models: [{ name: 'faces', sha256 }], parameters: {} },
  classes: ['face', 'plate'],
  tracks: [
    trackWith({
      id: 2,
      runs: [
        [3, 4, 2, 2, 6, 6],
        [5, 7, 4, 2, 6, 6],
      ],
      unseen: [[7, 7]],
    }),
    trackWith({ id: 5, class: 'plate', runs: [[0, 11, 14, 10, 11, 8]] }),
  ],
  couldNotTell: [],
}
const edit = (value: PlanEdit, from = plan) => editPlan(from, value, 'manager-1')
const fault = (value: PlanEdit, from = plan): string => {
  try {
    edit(value, from)
  } catch (error) {
    expect(error).toMatchObject({ type: 'edit-does-not-fit' })
    return (error as Error).message
  }
  throw new Error('it was accepted')
}

describe('an edit', () => {
  test('adds a held box, with odd edges made even outward but at the frame’s own border', () => {
    const made = edit({
      operation: 'add',
      class: 'region',
      ground: 'personal-data',
      keyframes: [{ frame: 2, x: 3, y: 5, w: 22, h: 4 }],
      last: 4,
    })
    expect(made.tracks[2]).toEqual({
      id: 6,
      class: 'region',
      ground: 'personal-data',
      origin: { kind: 'person', subject: 'manager-1' },
      confidence: 1000,
      runs: [[2, 4, 2, 4, 23, 6]],
      unseen: [],
    })
  })

  test('adds a moving box that moves evenly between what was drawn', () => {
    const keyframes = [
      { frame: 0, x: 0, y: 0, w: 4, h: 4 },
      { frame: 4, x: 8, y: 4, w: 4, h: 8 },
    ]
    const made = edit({ operation: 'add', class: 'face', ground: 'personal-data', keyframes })
    expect(made.tracks[2]!.runs).toEqual([
      [0, 0, 0, 0, 4, 4],
      [1, 1, 2, 0, 4, 6],
      [2, 2, 4, 2, 4, 6],
      [3, 3, 6, 2, 4, 8],
      [4, 4, 8, 4, 4, 8],
    ])
  })

  test('blanks whole frames', () => {
    const made = edit({ operation: 'blank', first: 8, last: 9, ground: 'personal-data' })
    expect(made.tracks[2]).toMatchObject({ class: 'region', runs: [[8, 9, 0, 0, 25, 18]] })
  })

  test('extends both ends and grows every box, and says that nobody saw it there', () => {
    const made = edit({ operation: 'extend', track: 2, first: 1, last: 9, grow: 3 })
    expect(made.tracks[0]).toMatchObject({
      runs: [
        [1, 4, 0, 0, 12, 12],
        [5, 9, 0, 0, 14, 12],
      ],
      unseen: [
        [1, 2],
        [7, 9],
      ],
    })
  })

  test('keeps a track visible, and covers it again as it was', () => {
    const seen = edit({ operation: 'visible', track: 2, ground: 'suspect-visible' })
    expect(seen.tracks[0]).toMatchObject({ visible: true, ground: 'suspect-visible' })
    expect(edit({ operation: 'cover', track: 2, ground: 'personal-data' }, seen)).toEqual(plan)
  })

  test('deletes a track and remembers its number, the highest too', () => {
    const gone = edit({ operation: 'delete', track: 5, ground: 'false-detection' })
    expect(gone.deleted).toEqual([5])
    const next = edit({ operation: 'blank', first: 0, last: 0, ground: 'personal-data' }, gone)
    expect(next.tracks.map(({ id }) => id)).toEqual([2, 6])
    expect(edit({ operation: 'delete', track: 2, ground: 'false-detection' }, next).deleted).toEqual([2, 5])
  })

  test('changes class and ground', () => {
    const made = edit({ operation: 'set', track: 5, class: 'region', ground: 'child' })
    expect(made.tracks[1]).toEqual({ ...plan.tracks[1], class: 'region', ground: 'child' })
  })

  const box = { frame: 2, x: 0, y: 0, w: 4, h: 4 }
  const add = { operation: 'add', class: 'region', ground: 'personal-data' } as const
  const shown = edit({ operation: 'visible', track: 2, ground: 'suspect-visible' })
  test.for<[fault: RegExp, PlanEdit, RedactionPlan?]>([
    [/no track 3/, { operation: 'delete', track: 3, ground: 'false-detection' }],
    [/no ground/, { operation: 'delete', track: 2 }],
    [/no ground/, { operation: 'visible', track: 2 }],
    [/no ground/, { operation: 'blank', first: 0, last: 0 }],
    [/was deleted/, { operation: 'cover', track: 9, ground: 'child' }, { ...plan, deleted: [9] }],
    [/leaves the frame/, { ...add, keyframes: [{ ...box, x: 22 }] }],
    [/leaves the frame/, { ...add, keyframes: [box, { ...box, frame: 3, h: 19 }] }],
    [/ends on frame 11/, { ...add, keyframes: [{ ...box, frame: 12 }] }],
    [/ends on frame 11/, { ...add, keyframes: [box], last: 12 }],
    [/keyframes rise/, { ...add, keyframes: [box, box] }],
    [/does not come after/, { ...add, keyframes: [{ ...box, frame: 5 }], last: 4 }],
    [/stands behind frame 4/, { ...add, keyframes: [box, { ...box, frame: 5 }], last: 4 }],
    [/does not come after/, { operation: 'blank', first: 3, last: 2, ground: 'child' }],
    [/ends on frame 11/, { operation: 'blank', first: 3, last: 12, ground: 'child' }],
    [/how to extend/, { operation: 'extend', track: 2 }],
    [/begins on frame 3/, { operation: 'extend', track: 2, first: 3 }],
    [/ends on frame 7/, { operation: 'extend', track: 2, last: 7 }],
    [/ends on frame 11/, { operation: 'extend', track: 2, last: 12 }],
    [/cover it first/, { operation: 'extend', track: 2, grow: 2 }, shown],
    [/cover it first/, { operation: 'set', track: 2, class: 'plate' }, shown],
    [/visible on that ground/, { operation: 'visible', track: 2, ground: 'suspect-visible' }, shown],
    [/covered already/, { operation: 'cover', track: 2, ground: 'child' }],
    [/is that already/, { operation: 'set', track: 2, class: 'face' }],
  ])('is refused, and names the fault: %s', ([says, value, from]) => {
    expect(fault(value, from ?? plan)).toMatch(says)
  })
})

const small = (max: number) => fc.nat({ max })
const ground = fc.constant('personal-data')
const track = fc.constantFrom(2, 2, 5, 5, 6, 7, 8, 1)
const someBox = fc
  .tuple(small(24), small(17), small(25), small(18))
  .map(([x, y, w, h]) => ({ x, y, w: Math.max(1, Math.min(w, 25 - x)), h: Math.max(1, Math.min(h, 18 - y)) }))
const someKeyframes = fc
  .uniqueArray(small(11), { minLength: 1, maxLength: 4 })
  .chain(frames => fc.tuple(...frames.sort((a, b) => a - b).map(frame => someBox.map(box => ({ frame, ...box })))))
const maybe = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined, freq: 2 }).map(v => (v === undefined ? {} : { [key]: v }))
const all = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map(list => Object.assign({}, ...list) as PlanEdit)
const coverClass = fc.constantFrom('face', 'plate', 'region')
const named = (operation: string) => fc.constant({ operation })
const field = <T>(key: string, value: fc.Arbitrary<T>) => value.map(v => ({ [key]: v }))

const covering: fc.Arbitrary<PlanEdit> = fc.oneof(
  all(
    named('add'),
    field('class', coverClass),
    field('ground', ground),
    field('keyframes', someKeyframes),
    maybe('last', small(11)),
  ),
  all(named('blank'), field('first', small(11)), field('last', small(11)), field('ground', ground)),
  all(
    named('extend'),
    field('track', track),
    maybe('first', small(11)),
    maybe('last', small(11)),
    maybe(
      'grow',
      small(4).map(n => n + 1),
    ),
  ),
  all(named('cover'), field('track', track), field('ground', ground)),
  all(
    named('set'),
    field('track', track),
    maybe('class', coverClass),
    maybe('ground', fc.constantFrom('child', 'staff')),
  ),
)
const uncovering: fc.Arbitrary<PlanEdit> = all(
  fc.constantFrom({ operation: 'delete' }, { operation: 'visible' }),
  field('track', track),
  field('ground', fc.constant('false-detection')),
)
const someEdits = fc.array(fc.oneof(covering, covering, uncovering), { minLength: 1, maxLength: 8 })

/** One byte a pixel and frame. */
function shade(of: RedactionPlan): Uint8Array {
  const pixels = new Uint8Array(clip.frames * clip.height * clip.width)
  for (const { first, last, x, y, w, h } of coversOf(of)) {
    for (let f = first; f <= last; f++)
      for (let row = y; row < Math.min(y + h, clip.height); row++) {
        const start = (f * clip.height + row) * clip.width
        pixels.fill(1, start + x, start + Math.min(x + w, clip.width))
      }
  }
  return pixels
}

/** Walks through those of the edits that fit. */
function walk(edits: readonly PlanEdit[], each: (before: RedactionPlan, edit: PlanEdit, after: RedactionPlan) => void) {
  let at = plan
  for (const value of edits) {
    const next = ((): RedactionPlan | undefined => {
      try {
        return edit(planEdit.parse(value), at)
      } catch (error) {
        expect(error).toMatchObject({ type: 'edit-does-not-fit' })
        return undefined
      }
    })()
    if (next) each(at, value, next)
    at = next ?? at
  }
}

describe('whatever is done to a plan,', () => {
  const runs = { numRuns: 300 }

  test('it reads back, has another digest, and the one before is as it was', () => {
    const done: Record<string, number> = {}
    fc.assert(
      fc.property(someEdits, edits =>
        walk(edits, (before, { operation }, after) => {
          expect(parsePlan(canonicalPlan(after))).toEqual(after)
          expect(planDigest(after)).not.toBe(planDigest(before))
          expect(plan.tracks).toHaveLength(2)
          done[operation] = (done[operation] ?? 0) + 1
        }),
      ),
      runs,
    )
    // Edits that never fit would prove nothing.
    expect(Object.keys(done).sort()).toEqual(['add', 'blank', 'cover', 'delete', 'extend', 'set', 'visible'])
  })

  test('what changes nothing is refused: a record without a change would say what is not so', () => {
    const blanked = edit({ operation: 'blank', first: 0, last: 3, ground: 'other-information' })
    const track = blanked.tracks.at(-1)!.id
    expect(() => edit({ operation: 'extend', track, grow: 4 }, blanked)).toThrow('covers the whole frame already')
  })

  test('adding, blanking, extending, covering and naming uncover no pixel', () => {
    fc.assert(
      fc.property(someEdits, edits =>
        walk(edits, (before, { operation }, after) => {
          if (operation === 'delete' || operation === 'visible') return
          const now = shade(after)
          expect(shade(before).every((covered, i) => now[i]! >= covered)).toBe(true)
        }),
      ),
      runs,
    )
  })

  test('deleting and keeping visible uncover only what that track alone had covered', () => {
    fc.assert(
      fc.property(someEdits, edits =>
        walk(edits, (before, value, after) => {
          if (value.operation !== 'delete' && value.operation !== 'visible') return
          const its = shade({ ...before, tracks: before.tracks.filter(({ id }) => id === value.track) })
          const others = shade({ ...before, tracks: before.tracks.filter(({ id }) => id !== value.track) })
          const now = shade(after)
          const was = shade(before)
          expect(now).toEqual(others)
          expect(was.every((covered, i) => covered <= now[i]! || its[i] === 1)).toBe(true)
        }),
      ),
      runs,
    )
  })

  test('no other track changes by a byte, and no number is given twice', () => {
    const given = new Set<number>()
    fc.assert(
      fc.property(someEdits, edits => {
        given.clear()
        for (const { id } of plan.tracks) given.add(id)
        walk(edits, (before, value, after) => {
          const about = 'track' in value ? value.track : undefined
          for (const track of before.tracks.filter(({ id }) => id !== about))
            expect(JSON.stringify(after.tracks.find(({ id }) => id === track.id))).toBe(JSON.stringify(track))
          const added = after.tracks.filter(({ id }) => !before.tracks.some(track => track.id === id))
          expect(added.length).toBe(about === undefined ? 1 : 0)
          for (const { id } of added) {
            expect(given.has(id)).toBe(false)
            given.add(id)
          }
          const { tracks: _, deleted: __, ...rest } = before
          expect(after).toMatchObject(rest)
        })
      }),
      runs,
    )
  })

  test('a drawn box that moves covers, on the frames that were drawn, at least what was drawn', () => {
    fc.assert(
      fc.property(someKeyframes, keyframes => {
        const made = edit({ operation: 'add', class: 'region', ground: 'personal-data', keyframes })
        const drawn = made.tracks.at(-1)!
        for (const { frame, x, y, w, h } of keyframes) {
          const run = drawn.runs.find(([first, last]) => first <= frame && frame <= last)!
          expect(run[2]).toBeLessThanOrEqual(x)
          expect(run[3]).toBeLessThanOrEqual(y)
          expect(run[2] + run[4]).toBeGreaterThanOrEqual(x + w)
          expect(run[3] + run[5]).toBeGreaterThanOrEqual(y + h)
        }
        const frames = drawn.runs.reduce((sum, [first, last]) => sum + last - first + 1, 0)
        expect(frames).toBe(keyframes.at(-1)!.frame - keyframes[0]!.frame + 1)
      }),
      runs,
    )
  })
})
