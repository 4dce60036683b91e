import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalPlan, parsePlan, planDigest, type RedactionPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { ffmpeg, handPlan, motion, scratch, x264 } from '../redaction/clips.ts'

const main = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))
let folder: Awaited<ReturnType<typeof scratch>>
let clip: string
let made: string
beforeAll(async () => {
  folder = await scratch()
  clip = folder.path('clip.mp4')
  made = folder.path('plan.json')
  await ffmpeg(...motion(160, 120, 20), ...x264, clip)
  const { code } = await custos('make', clip, '--out', made)
  expect(code).toBe(0)
})
afterAll(() => folder[Symbol.asyncDispose]())

function custos(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve =>
    execFile(process.execPath, [main, 'plan', ...args], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  )
}

const why = ['--reason', 'Seen by eye', '--by', 'manager-1']
const read = async (path: string): Promise<RedactionPlan> => parsePlan(await readFile(path, 'utf8'))
const records = async (path: string) =>
  (await readFile(`${path}.edits.jsonl`, 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe('custos plan', () => {
  test('makes the plan that was made for this very clip', async () => {
    const plan = await read(made)
    const { frames } = await probeClip(clip)
    expect(plan.clip).toMatchObject({ width: 160, height: 120, frames })
    expect(plan.classes).toEqual(['face', 'plate'])
    expect(canonicalPlan(plan)).toBe(await readFile(made, 'utf8'))
  })

  test('edits step by step, and each step says who, why, and what became of what', async () => {
    const [one, two, three] = [folder.path('1.json'), folder.path('2.json'), folder.path('2.json')]
    const before = await read(made)
    const drawn = await custos('add', made, '--box', '11,20,30,40', '--frames', '2-5', ...why, '--out', one)
    expect(drawn.err).toBe('')
    const added = (await read(one)).tracks.at(-1)!
    expect(added).toMatchObject({
      class: 'region',
      ground: 'personal-data',
      origin: { kind: 'person', subject: 'manager-1' },
      runs: [[2, 5, 10, 20, 32, 40]],
    })
    const id = String(added.id)
    expect((await custos('extend', one, '--track', id, '--to', '9', '--grow', '2', ...why, '--out', two)).code).toBe(0)
    const moved = [
      '--key',
      '0:0,0,8,8',
      '--key',
      '4:16,16,8,8',
      '--until',
      '6',
      '--class',
      'plate',
      '--ground',
      'victim',
    ]
    expect((await custos('add', two, ...moved, ...why, '--out', three)).code).toBe(0)
    const gone = await custos('delete', two, '--track', id, '--ground', 'drawn-in-error', ...why, '--out', two)
    expect(gone.code).toBe(0)

    const after = await read(two)
    expect(after.deleted).toEqual([added.id])
    expect(after.tracks.slice(0, before.tracks.length)).toEqual(before.tracks)
    expect(after.tracks.at(-1)).toMatchObject({ class: 'plate', ground: 'victim' })
    const lines = [...(await records(one)), ...(await records(two))]
    expect(lines.map(line => line.edit.operation)).toEqual(['add', 'extend', 'add', 'delete'])
    expect(lines.map(line => [line.by, line.reason])).toEqual(lines.map(() => ['manager-1', 'Seen by eye']))
    expect(lines[0].before).toBe(planDigest(before))
    for (const [i, line] of lines.entries()) if (i > 0) expect(line.before).toBe(lines[i - 1].after)
    expect(lines.at(-1).after).toBe(planDigest(after))
  })

  test('shows every track, with times where the clip is at hand', async () => {
    const info = await probeClip(clip)
    const path = folder.path('shown.json')
    const plan = handPlan(info, [[0, 9, 20, 20, 60, 40]])
    const origin = { kind: 'detector' as const, models: ['0'.repeat(64)] }
    const detected = plan.tracks.map(track => ({ ...track, origin }))
    await writeFile(path, canonicalPlan({ ...plan, tracks: detected }))
    const kept = folder.path('kept.json')
    await custos('visible', path, '--track', '1', '--ground', 'suspect-visible', ...why, '--out', kept)
    const table = (await custos('show', kept, '--clip', clip)).out
    expect(table).toMatch(/0-9 +0\.00-0\.\d\d s .* KEPT VISIBLE/)
    expect(table).toContain('0 covered')
    const { tracks, sha256 } = JSON.parse((await custos('show', kept, '--json')).out)
    expect(sha256).toBe(planDigest(await read(kept)))
    expect(tracks).toEqual([
      expect.objectContaining({ id: 1, first: 0, last: 9, frames: 10, areaPerMille: 125, visible: true }),
    ])
  })

  test('prints the schema that is committed', async () => {
    const committed = await readFile('docs/formats/plan.schema.json', 'utf8')
    expect(JSON.parse((await custos('schema')).out)).toEqual(JSON.parse(committed))
  })

  test.for<[says: RegExp, code: number, ...args: string[]]>([
    [/takes a verb/, 2],
    [/there is no 'burn'/, 2, 'burn'],
    [/--reason is missing/, 2, 'blank', 'PLAN', '--frames', '0-1', '--by', 'x', '--out', 'OUT'],
    [/--by is missing/, 2, 'blank', 'PLAN', '--frames', '0-1', '--reason', 'x', '--out', 'OUT'],
    [/takes no --box/, 2, 'blank', 'PLAN', '--frames', '0-1', '--box', '0,0,2,2', ...why, '--out', 'OUT'],
    [/--frames takes A-B/, 2, 'blank', 'PLAN', '--frames', '7', ...why, '--out', 'OUT'],
    [/ends on frame/, 1, 'blank', 'PLAN', '--frames', '0-9999', ...why, '--out', 'OUT'],
    [/no track 99/, 1, 'delete', 'PLAN', '--track', '99', '--ground', 'false-detection', ...why, '--out', 'OUT'],
    [/--ground takes one of/, 2, 'blank', 'PLAN', '--frames', '0-1', '--ground', 'whim', ...why, '--out', 'OUT'],
    [/no such file/i, 1, 'show', 'PLAN.gone'],
    [/Unknown option/, 2, 'show', 'PLAN', '--colour'],
  ])('names what is wrong, and writes nothing: %s', async ([says, expected, ...args]) => {
    const out = folder.path('never.json')
    const paths = { PLAN: made, OUT: out, 'PLAN.gone': `${made}.gone` }
    const { code, err } = await custos(...args.map(arg => paths[arg as keyof typeof paths] ?? arg))
    expect(err).toMatch(says)
    expect(code).toBe(expected)
    await expect(readFile(out)).rejects.toThrow('ENOENT')
    await expect(readFile(`${out}.edits.jsonl`)).rejects.toThrow('ENOENT')
  })

  test('lets nothing out of sight on a ground that covers, nor on none', async () => {
    const path = folder.path('strict.json')
    await writeFile(path, canonicalPlan(handPlan(await probeClip(clip), [[0, 9, 20, 20, 60, 40]])))
    for (const ground of [[], ['--ground', 'personal-data'], ['--ground', 'false-detection']]) {
      const { code, err } = await custos('delete', path, '--track', '1', ...ground, ...why, '--out', path)
      expect(err).toContain('--ground takes one of')
      expect(code).toBe(2)
    }
  })
})
