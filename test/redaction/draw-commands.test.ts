import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cover } from '../../service/redaction/covers.ts'
import { drawScript } from '../../service/redaction/draw-commands.ts'

test('the script shows each frame exactly its covers, in as few slots as can be', () => {
  const timeBase = { num: 1, den: 90_000 }
  const canvas = { width: 640, height: 480 }
  const even = (max: number) => fc.integer({ min: 0, max: max / 2 }).map(v => v * 2)
  const cover = fc.record({
    first: fc.nat(30),
    length: fc.nat(8),
    x: even(600),
    y: even(440),
    w: even(38).map(v => v + 2),
    h: even(38).map(v => v + 2),
    track: fc.nat(5),
  })
  const gaps = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 31, maxLength: 31 })
  fc.assert(
    fc.property(fc.array(cover, { maxLength: 25 }), gaps, (drawn, steps) => {
      const pts = steps.reduce<number[]>((all, step) => [...all, all.at(-1)! + step], [0])
      const covers: Cover[] = drawn.map(({ length, ...c }) => ({ ...c, last: Math.min(31, c.first + length) }))
      const script = drawScript(covers, pts, timeBase, canvas)!
      const state = new Map<string, Record<string, number>>()
      const commands = script.text.split('\n').filter(Boolean)
      const lines = commands.map(line => /^(\S+) (.*);$/.exec(line)!)
      let most = 0
      for (let n = 0; n < 32; n++) {
        const microsecond = Math.round((pts[n]! * 1e6) / 90_000)
        while (lines.length > 0 && Math.round(Number(lines[0]![1]) * 1e6) <= microsecond) {
          for (const command of lines.shift()![2]!.split(',')) {
            const [slot = '', side = '', value = ''] = command.split(' ')
            state.set(slot, { ...(state.get(slot) ?? { y: 0, w: 2, h: 2 }), [side]: Number(value) })
          }
        }
        const key = ({ x, y, w, h }: Record<string, number> | Cover) => [x, y, w, h].join()
        const shown = [...state.values()].filter(s => s.x! + s.w! > 0).map(key)
        const due = covers.filter(c => c.first <= n && n <= c.last).map(key)
        expect(shown.sort()).toEqual(due.sort())
        most = Math.max(most, due.length)
      }
      expect(script.slots).toBe(most)
    }),
  )
})
