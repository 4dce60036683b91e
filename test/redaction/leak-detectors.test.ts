import { describe, expect, test } from 'vitest'
import { guessOf, interval, likeness, meanRank, nearness, templatesOf } from '../bench/judge/guess.ts'
import { type Answer, atFalseSights, averagePrecision, match } from '../bench/judge/matching.ts'

const at = (x: number, score = 0.5) => ({ score, box: { x, y: 0, w: 10, h: 10 } })
const box = (x: number) => ({ x, y: 0, w: 10, h: 10 })

describe('the measure of detectors', () => {
  test('gives each box of the truth to one sight alone, the best one first', () => {
    const answers: Answer[] = [{ sights: [at(1, 0.6), at(0, 0.9)], truth: [box(0)], ignore: [] }]
    expect(match(answers, 0.5).map(({ score, truth }) => [score, truth])).toEqual([
      [0.9, 0],
      [0.6, undefined],
    ])
  })

  test('counts a sight within an ignored region neither way, and one that finds a box beside it as found', () => {
    const answers: Answer[] = [{ sights: [at(50), at(0)], truth: [box(0)], ignore: [box(50), box(0)] }]
    expect(match(answers, 0.5).map(({ truth }) => truth)).toEqual([0])
  })

  test('reckons the average precision as the textbook does', () => {
    const sights = [at(0, 0.9), at(100, 0.8), at(20, 0.7)]
    const answers: Answer[] = [{ sights, truth: [box(0), box(20)], ignore: [] }]
    // right, wrong, right: 1/2 at precision 1, 1/2 at 2/3
    expect(averagePrecision(match(answers, 0.5), 2)).toBeCloseTo(0.5 + 0.5 * (2 / 3), 10)
    expect(averagePrecision(match(answers, 0.5), 4)).toBeCloseTo((1 + 2 / 3) / 4, 10)
  })

  test('stops where false sights become more than asked', () => {
    const sights = [at(0, 0.9), at(100, 0.8), at(20, 0.7), at(200, 0.6), at(40, 0.5)]
    const answers: Answer[] = [{ sights, truth: [box(0), box(20), box(40)], ignore: [] }]
    const { matches, threshold } = atFalseSights(match(answers, 0.5), 1, 1)
    expect(matches.filter(({ truth }) => truth !== undefined)).toHaveLength(2)
    expect(threshold).toBe(0.7)
  })
})

describe('the attack on what is covered', () => {
  const templates = templatesOf(
    [1, 2, 3].map(k => Uint8Array.from({ length: 64 }, (_, i) => 100 + 20 * Math.sin(k * i))),
  )

  test('knows a template again under noise, and its trace at a tenth of its strength', () => {
    const noisy = templates.all[1]!.map((each, i) => each + ((i * 7) % 5))
    expect(guessOf(nearness(noisy, templates), 1).rank).toBe(0)
    const trace = templates.all[2]!.map(each => Math.round(16 + (each - 100) / 10))
    expect(guessOf(likeness(trace, templates), 2).rank).toBe(0)
  })

  test('counts who is named before, and lets those that score alike share their ranks', () => {
    expect(guessOf([3, 9, 3, 1], 1)).toEqual({ rank: 0, atOnce: 1 })
    expect(guessOf([3, 9, 3, 1], 0)).toEqual({ rank: 1.5, atOnce: 0 })
    expect(guessOf([3, 9, 3, 1], 3)).toEqual({ rank: 3, atOnce: 0 })
    // What is all fill tells nothing: each of three is as likely.
    expect(guessOf(likeness(new Uint8Array(64).fill(16), templates), 0)).toEqual({ rank: 1, atOnce: 1 / 3 })
    const { mean, within } = meanRank([0, 1, 2, 3], 4)
    expect(mean).toBe(0.5)
    expect(within).toBeCloseTo(0.422, 3)
  })

  test('gives a rate its interval', () => {
    const [low, high] = interval(0, 100)
    expect(low).toBe(0)
    expect(high).toBeCloseTo(0.037, 3)
    expect(interval(50, 100)[0]).toBeCloseTo(0.404, 3)
  })
})
