import { expect, test } from 'vitest'
import { textBoxes, upright } from '../../service/redaction/text-boxes.ts'
import { lineOf } from '../../service/redaction/text-line.ts'

const [width, height] = [200, 120]

/** A bar of probability 1 about a centre, turned by an angle. */
function bar(
  x: number,
  y: number,
  along: number,
  across: number,
  angle: number,
  map = new Float32Array(width * height),
) {
  for (let at = 0; at < map.length; at++) {
    const [dx, dy] = [(at % width) + 0.5 - x, Math.floor(at / width) + 0.5 - y]
    const u = dx * Math.cos(angle) + dy * Math.sin(angle)
    const v = dy * Math.cos(angle) - dx * Math.sin(angle)
    if (Math.abs(u) <= along / 2 && Math.abs(v) <= across / 2) map[at] = 0.9
  }
  return map
}

test('a line is found where it lies, with its slant, and grown all around', () => {
  for (const angle of [0, 0.2, -0.3]) {
    const [box, ...more] = textBoxes(bar(100, 60, 80, 12, angle), width, height)
    expect(more).toEqual([])
    expect(Math.hypot(box!.x - 100, box!.y - 60)).toBeLessThan(1)
    expect(Math.abs(box!.angle - angle)).toBeLessThan(0.03)
    // A core of 80 x 12 grows by 1.5 * 960 / 184 = 7.8 on each side.
    expect(Math.abs(box!.along - 95.6)).toBeLessThan(3)
    expect(Math.abs(box!.across - 27.6)).toBeLessThan(3)
  }
})

test('two lines are two, specks and faint stains are none', () => {
  const map = bar(60, 30, 60, 8, 0, bar(60, 70, 60, 8, 0))
  map[100 * width + 150] = 1
  for (let at = 5; at < 25; at++) map.fill(0.4, at * width + 150, at * width + 190)
  expect(
    textBoxes(map, width, height)
      .map(({ y }) => Math.round(y))
      .sort(),
  ).toEqual([30, 70])
})

test('the upright box holds the slanted one', () => {
  const box = upright({ x: 50, y: 40, along: 30, across: 10, angle: Math.PI / 6, score: 1 })
  expect(box.w).toBeCloseTo(30 * Math.cos(Math.PI / 6) + 5)
  expect(box.x + box.w / 2).toBeCloseTo(50)
})

test('a slanted line is laid level, 48 high, with the picture’s own values', () => {
  const pixels = Uint8Array.from({ length: width * height }, () => 200)
  const angle = 0.25
  for (const [at, value] of bar(100, 60, 80, 12, angle).entries()) if (value > 0) pixels[at] = 40
  const box = { x: 100, y: 60, along: 70, across: 8, angle, score: 1 }
  const line = lineOf({ width, height, pixels }, box)
  expect([line.width, line.height]).toEqual([420, 48])
  expect(Math.max(...line.pixels)).toBeLessThan(60)
})
