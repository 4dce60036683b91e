import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { redactAndMeasure } from '../bench/leak.ts'
import { readTruth } from './leak-truth.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url))

describe.each([
  { name: 'shop', faces: 3, plates: 3 },
  { name: 'door', faces: 1, plates: 2 },
])('the redacted $name clip', ({ name, faces, plates }) => {
  test('shows no face and no plate of the truth on any frame', async () => {
    const truth = await readTruth(fixture(`${name}.truth.json`))
    const tracks = (wanted: string) => new Set(truth.boxes.filter(b => b.class === wanted).map(b => b.track)).size
    expect([tracks('face'), tracks('plate')]).toEqual([faces, plates])

    const { classes, leaked, frames, overRedaction } = await redactAndMeasure(fixture(`${name}.mp4`), truth)

    expect(frames).toBe(truth.frames.length)
    expect(leaked).toEqual([])
    expect(classes.face).toMatchObject({ leakedFrames: 0, longestLeakedRun: 0 })
    expect(classes.plate).toMatchObject({ leakedFrames: 0, longestLeakedRun: 0 })
    // covering everything would leak nothing either
    expect(overRedaction).toBeLessThan(0.1)
  })
})
