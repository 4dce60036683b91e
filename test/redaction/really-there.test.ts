import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { layoutFor } from '../../service/redaction/layout.ts'
import { lensesFor, makePlan } from '../../service/redaction/make-plan.ts'
import { loadModels } from '../../service/redaction/models.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { inTheOpen } from '../../service/redaction/really-there.ts'
import { ffmpeg, scratch, words, x264 } from './clips.ts'

test('a small face beside a cover is really there, and one under it is not', async () => {
  await using folder = await scratch()
  const path = folder.path('small.mp4')
  const door = fileURLToPath(new URL('../../fixtures/door.mp4', import.meta.url))
  await ffmpeg('-i', door, ...words('-t 0.2 -an -vf scale=320:180'), ...x264, '-crf', '8', path)
  const [clip, models] = [await probeClip(path), await loadModels()]
  const { plan } = await makePlan(path, clip, { classes: ['face'], models, workers: 1 })
  const [found] = plan.tracks.toSorted((a, b) => b.confidence - a.confidence)
  const [, , x, y, w, h] = found!.runs[0]!
  // What a plan covers is at least 8 pixels wider on each side than the face.
  expect(w).toBeLessThan(40)

  const seen = [{ class: 'face' as const, confidence: 900, sightings: [{ frame: 0, box: { x, y, w, h } }] }]
  const view = { layout: layoutFor(clip.width, clip.height, 512), lenses: lensesFor(['face'], models), workers: 1 }
  const besides = (left: number) =>
    inTheOpen(
      seen,
      [{ covers: [{ first: 0, last: 0, track: 1, x: left, y, w, h }], visible: [] }],
      { path, clip },
      view,
    )
  expect(await besides(x + w - 2)).toEqual(seen)
  expect(await besides(x)).toEqual([])
})
