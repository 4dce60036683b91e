import { describe, expect, test } from 'vitest'
import { ffmpeg, motion, scratch, x264 } from './clips.ts'
import { type LeakOptions, measureLeak } from './leak-measure.ts'
import { totalOf } from './leak-report.ts'
import { type Truth, type TruthBox, truthOf } from './leak-truth.ts'

const size = [160, 96] as const
const frames = 10

const every = Array.from({ length: frames }, (_, k) => k)

/** A face of 40 x 40 that stands at 60, 20 on all frames. */
const truth: Truth = { frames: every, boxes: every.map(frame => face(frame)), ignore: [] }

function face(frame: number, more: Partial<TruthBox> = {}): TruthBox {
  return { frame, class: 'face', track: 'face-1', x: 60, y: 20, w: 40, h: 40, ...more }
}

/** Covers by `drawbox` what the filter says. */
async function measured(filter: string, colour = 'black', options: LeakOptions & { truth?: Truth } = {}) {
  await using folder = await scratch()
  const [original, redacted] = [folder.path('original.mp4'), folder.path('redacted.mp4')]
  await ffmpeg(...motion(...size, frames), ...x264, '-crf', '10', original)
  await ffmpeg('-i', original, '-vf', filter.replaceAll('COLOUR', `${colour}:t=fill`), ...x264, '-crf', '10', redacted)
  return await measureLeak(original, redacted, options.truth ?? truth, options)
}

describe('the measure of leaks', () => {
  test('calls a face closed when a box holds it on every frame, and counts what the box covers beyond it', async () => {
    const report = await measured('drawbox=50:10:60:60:COLOUR')
    expect(report.classes.face).toMatchObject({ boxes: 10, frames: 10, leakedFrames: 0, longestLeakedRun: 0 })
    expect(report.classes.face.worstOpen).toBe(0)
    expect(report.overRedaction).toBeGreaterThan(((60 * 60 - 40 * 40) / (160 * 96)) * 0.85)
    expect(report.overRedaction).toBeLessThanOrEqual((60 * 60 - 40 * 40) / (160 * 96))
  })

  test('calls every face open in a clip that nobody redacted', async () => {
    const report = await measured('null')
    expect(report.classes.face).toMatchObject({ leakedFrames: 10, frameLeakRate: 1, longestLeakedRun: 10 })
    expect(report.classes.face.worstOpen).toBeGreaterThan(0.99)
  })

  test('calls a face leaked when a fifth of it sticks out', async () => {
    const report = await measured('drawbox=68:20:60:60:COLOUR')
    expect(report.classes.face.leakedFrames).toBe(10)
    expect(report.classes.face.meanOpen).toBeGreaterThan(0.15)
    expect(report.classes.face.meanOpen).toBeLessThan(0.3)
  })

  test('finds the frames that a plan skipped, and how many in a row', async () => {
    const report = await measured("drawbox=50:10:60:60:COLOUR:enable='not(between(n,3,6)+eq(n,9))'")
    expect(report.classes.face).toMatchObject({ leakedFrames: 5, longestLeakedRun: 4 })
    expect(report.leaked.map(each => each.frame)).toEqual([3, 4, 5, 6, 9])
  })

  test('knows the fill by its colour', async () => {
    const filter = 'drawbox=50:10:60:60:COLOUR'
    expect((await measured(filter, '0x3060a0', { fill: '#3060a0' })).classes.face.leakedFrames).toBe(0)
    expect((await measured(filter, '0x3060a0')).classes.face.leakedFrames).toBe(10)
  })

  test('takes a face blurred or darkened for an open one', async () => {
    expect((await measured('gblur=sigma=6')).classes.face.leakedFrames).toBe(10)
    expect((await measured('eq=brightness=-0.1')).classes.face.leakedFrames).toBe(10)
  })

  test('refuses clips of different length, and truth beyond the end', async () => {
    await expect(measured("select='lt(n,8)'")).rejects.toThrow('ends after 8 frames')
    await using folder = await scratch()
    await ffmpeg(...motion(...size, 4), ...x264, folder.path('short.mp4'))
    await expect(measureLeak(folder.path('short.mp4'), folder.path('short.mp4'), truth)).rejects.toThrow('frame 9')
  })

  test('finds the one frame of the one track that is open, and names it', async () => {
    const two: Truth = {
      ...truth,
      boxes: [...truth.boxes, ...every.map(frame => face(frame, { track: 'face-2', x: 4, y: 40, w: 30, h: 30 }))],
    }
    const both = "drawbox=58:18:44:44:COLOUR,drawbox=2:38:34:34:COLOUR:enable='not(eq(n,7))'"
    const { classes, leaked } = await measured(both, 'black', { truth: two })
    expect(leaked.map(({ track, frame }) => ({ track, frame }))).toEqual([{ track: 'face-2', frame: 7 }])
    expect(classes.face).toMatchObject({ frames: 10, leakedFrames: 1, leakedBoxes: 1, leakedTracks: 1, clearTracks: 0 })
    expect(classes.face.tracks.find(({ id }) => id === 'face-2')).toMatchObject({ frames: 10, leakedFrames: 1 })
  })

  test('calls a track clear when it is open on every frame, whatever happens to the others', async () => {
    const two: Truth = {
      ...truth,
      boxes: [...truth.boxes, ...[2, 3].map(frame => face(frame, { track: 'late', x: 4, y: 40, w: 30, h: 30 }))],
    }
    const { classes } = await measured('drawbox=58:18:44:44:COLOUR', 'black', { truth: two })
    expect(classes.face).toMatchObject({ leakedTracks: 1, clearTracks: 1, leakedFrames: 2, longestLeakedRun: 2 })
  })

  test('calls a face open from a tenth of its area on, and closed below', async () => {
    // of 40 columns, 36 and then 33 are covered; the blocks of the encoder blur a column at the edge
    expect((await measured('drawbox=62:10:60:60:COLOUR')).classes.face.leakedFrames).toBe(0)
    expect((await measured('drawbox=66:10:60:60:COLOUR')).classes.face.leakedFrames).toBe(10)
    expect((await measured('drawbox=80:10:60:60:COLOUR')).classes.face.meanOpen).toBeCloseTo(0.5, 1)
  })

  test('counts neither what is open nor what is covered within an ignored region', async () => {
    const ignore = every.map(frame => ({ frame, x: 50, y: 10, w: 60, h: 60 }))
    const open = await measured('null', 'black', { truth: { ...truth, ignore } })
    expect(open.classes.face).toMatchObject({ boxes: 0, frames: 0, leakedFrames: 0 })
    const covered = await measured('drawbox=52:12:56:56:COLOUR', 'black', { truth: { ...truth, boxes: [], ignore } })
    expect(covered.overRedaction).toBe(0)
    const elsewhere = every.map(frame => ({ frame, x: 110, y: 10, w: 40, h: 60 }))
    expect(
      (await measured('null', 'black', { truth: { ...truth, ignore: elsewhere } })).classes.face.leakedFrames,
    ).toBe(10)
    const plates = ignore.map(each => ({ ...each, class: 'plate' as const }))
    expect((await measured('null', 'black', { truth: { ...truth, ignore: plates } })).classes.face.leakedFrames).toBe(
      10,
    )
  })

  test('keeps what is smaller than the floor out of the figures, and reports it apart', async () => {
    const small: Truth = { ...truth, boxes: every.map(frame => face(frame, { w: 30, h: 11.9 })) }
    const { classes, leaked } = await measured('null', 'black', { truth: small })
    expect(leaked).toEqual([])
    expect(classes.face).toMatchObject({ boxes: 0, leakedFrames: 0, belowFloor: { boxes: 10, leakedBoxes: 10 } })
    const enough: Truth = { ...truth, boxes: every.map(frame => face(frame, { w: 9, h: 12 })) }
    expect((await measured('null', 'black', { truth: enough })).classes.face.bySize).toMatchObject({
      '0-16': { boxes: 10, leakedBoxes: 10 },
    })
    const plate = (w: number): Truth => ({ ...truth, boxes: every.map(frame => face(frame, { class: 'plate', w })) })
    expect((await measured('null', 'black', { truth: plate(29) })).classes.plate.boxes).toBe(0)
    expect((await measured('null', 'black', { truth: plate(30) })).classes.plate.leakedFrames).toBe(10)
  })

  test('does not call the cover of a face below the floor too much', async () => {
    const small: Truth = { ...truth, boxes: every.map(frame => face(frame, { x: 60, y: 20, w: 10, h: 10 })) }
    expect((await measured('drawbox=60:20:10:10:COLOUR', 'black', { truth: small })).overRedaction).toBe(0)
  })

  test('asks nothing of pixels that had the colour of the fill all along', async () => {
    await using folder = await scratch()
    const original = folder.path('original.mp4')
    // half of the face, and a patch elsewhere, are black from the start
    const black = 'drawbox=60:20:20:40:black:t=fill,drawbox=0:60:30:30:black:t=fill'
    await ffmpeg(...motion(...size, frames), '-vf', black, ...x264, '-crf', '4', original)
    const untouched = await measureLeak(original, original, truth)
    expect(untouched.classes.face.worstOpen).toBeGreaterThan(0.99)
    expect(untouched.overRedaction).toBe(0)
  })

  test('adds clips up without mixing their tracks', async () => {
    const [open, closed] = [await measured('null'), await measured('drawbox=50:10:60:60:COLOUR')]
    const total = totalOf(
      new Map([
        ['a', open],
        ['b', closed],
      ]),
    )
    expect(total.frames).toBe(20)
    expect(total.classes.face).toMatchObject({ frames: 20, leakedFrames: 10, frameLeakRate: 0.5, leakedTracks: 1 })
    expect(total.classes.face.tracks.map(({ id }) => id)).toEqual(['a/face-1', 'b/face-1'])
    expect(total.overRedaction).toBeCloseTo(closed.overRedaction / 2, 10)
  })

  test('refuses a copy of another size, where boxes would lie elsewhere', async () => {
    await expect(measured('scale=176:112')).rejects.toThrow('larger')
    await expect(measured('crop=150:90')).rejects.toThrow('smaller')
  })
})

describe('a truth file', () => {
  const file = {
    frames: 6,
    tracks: [
      {
        id: 'a',
        class: 'face',
        spans: [
          [
            [0, 10, 10, 20, 20],
            [4, 30, 10, 20, 40],
          ],
          [[5, 0, 0, 8, 8]],
        ],
      },
    ],
    ignore: [
      {
        id: 'crowd',
        spans: [
          [
            [1, 0, 0, 50, 50],
            [2, 0, 0, 50, 50],
          ],
        ],
      },
    ],
  }

  test('moves a box evenly between the keys of a span, and shows none between two spans', () => {
    const { boxes, ignore, frames: all } = truthOf(file)
    expect(all).toEqual([0, 1, 2, 3, 4, 5])
    expect(boxes.map(({ frame, x, h }) => [frame, x, h])).toEqual([
      [0, 10, 20],
      [1, 15, 25],
      [2, 20, 30],
      [3, 25, 35],
      [4, 30, 40],
      [5, 0, 8],
    ])
    expect(ignore.map(({ frame }) => frame)).toEqual([1, 2])
    const gap = { ...file, tracks: [{ id: 'a', class: 'face', spans: [[[0, 1, 1, 9, 9]], [[3, 1, 1, 9, 9]]] }] }
    expect(truthOf(gap).boxes.map(({ frame }) => frame)).toEqual([0, 3])
  })

  test('keeps to the frames that were looked at', () => {
    expect(truthOf({ ...file, frames: [0, 4] }).boxes.map(({ frame }) => frame)).toEqual([0, 4])
  })

  test('may list the names of its tracks beside its boxes', () => {
    const boxes = [{ frame: 0, class: 'face', track: 'a', x: 1, y: 1, w: 9, h: 9 }]
    expect(truthOf({ frames: [0], boxes, tracks: ['a'] }).boxes).toHaveLength(1)
  })

  test('is refused when its keys run backwards', () => {
    const wrong = {
      ...file,
      tracks: [
        {
          id: 'a',
          class: 'face',
          spans: [
            [
              [4, 1, 1, 9, 9],
              [0, 1, 1, 9, 9],
            ],
          ],
        },
      ],
    }
    expect(() => truthOf(wrong)).toThrow('comes after')
  })
})
