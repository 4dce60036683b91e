import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestFile } from '../../service/redaction/digest.ts'
import { canonicalPlan } from '../../service/redaction/plan.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { ffmpeg, handPlan, motion, scratch, words, x264 } from '../redaction/clips.ts'

const main = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))
let folder: Awaited<ReturnType<typeof scratch>>
let clip: string
let plan: string
beforeAll(async () => {
  folder = await scratch()
  clip = folder.path('clip.mp4')
  await ffmpeg(...motion(160, 120, 20), ...x264, clip)
  plan = await planFor(clip)
})
afterAll(() => folder[Symbol.asyncDispose]())

async function planFor(path: string): Promise<string> {
  const info = await probeClip(path)
  const made = handPlan(info, [[0, info.frames - 1, 20, 20, 60, 40]])
  await writeFile(
    `${path}.plan.json`,
    canonicalPlan({ ...made, clip: { ...made.clip, sha256: (await digestFile(path)).sha256 } }),
  )
  return `${path}.plan.json`
}

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function custos(args: string[], meanwhile?: (child: ChildProcess, out: string) => void): Promise<Ended> {
  const child = spawn(process.execPath, [main, 'redact', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
    meanwhile?.(child, out)
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  return new Promise(resolve => child.on('close', code => resolve({ code, out, err })))
}

const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

test('--help says what it does, and with which exit codes', async () => {
  const { code, out } = await custos(['--help'])
  expect(code).toBe(0)
  for (const word of ['--plan-out', '--manifest', '--classes', '--fill', '--prove', '--json', 'Exit codes'])
    expect(out).toContain(word)
})

describe('wrong usage is exit code 2, and nothing is written', () => {
  test.each<[string, string[]]>([
    ['no clip', ['--out', 'out.mp4']],
    ['no target', ['clip.mp4']],
    ['two clips', ['clip.mp4', 'clip.mp4', '--out', 'out.mp4']],
    ['no such clip', ['none.mp4', '--out', 'out.mp4']],
    ['no such folder', ['clip.mp4', '--out', 'none/out.mp4']],
    ['no such option', ['clip.mp4', '--out', 'out.mp4', '--blur']],
    ['no such class', ['clip.mp4', '--out', 'out.mp4', '--classes', 'face,dog']],
    ['no such least width', ['clip.mp4', '--out', 'out.mp4', '--least-width', 'face=wide']],
    ['no colour', ['clip.mp4', '--out', 'out.mp4', '--fill', 'black']],
  ])('%s', async (_, args) => {
    const before = await readdir(folder.path('.'))
    const { code, out, err } = await custos(args.map(a => (/\.mp4$/.test(a) ? folder.path(a) : a)))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^custos redact: .+\n\ncustos redact CLIP/)
    expect(await readdir(folder.path('.'))).toEqual(before)
  })
})

test('a plan is burned in, and comes out again byte for byte beside manifest and certificate', async () => {
  const files = words(
    `--plan-out ${folder.path('p.json')} --manifest ${folder.path('m.json')} --certificate ${folder.path('c.json')}`,
  )
  const out = folder.path('planned.mp4')
  const { code, out: said } = await custos([clip, '--out', out, '--plan', plan, '--fill', '#ffffff', ...files])
  expect(code).toBe(0)
  expect(said).toContain((await digestFile(out)).sha256)
  expect(await readFile(folder.path('p.json'), 'utf8')).toBe(await readFile(plan, 'utf8'))
  expect(JSON.parse(await readFile(folder.path('m.json'), 'utf8'))).toMatchObject({ style: { colour: '#ffffff' } })
  expect(JSON.parse(await readFile(folder.path('c.json'), 'utf8'))).toMatchObject({ metadata: [] })
  expect(said).toContain('not proven')
})

test('--json is one object a line: progress, and the result at the end', async () => {
  const { code, out } = await custos([clip, '--out', folder.path('lines.mp4'), '--classes', 'plate', '--json'])
  expect(code).toBe(0)
  const lines = jsonLines(out)
  const { sha256, len } = await digestFile(folder.path('lines.mp4'))
  expect(lines.at(-1)).toMatchObject({ event: 'result', ok: true, frames: 20, couldNotTellFrames: 0, sha256, len })
  expect(lines.slice(0, -1).every(l => l.event === 'progress' && Number.isInteger(l.percent))).toBe(true)
  expect(lines.filter(l => l.percent === 100).map(l => l.stage)).toEqual(['plan', 'render'])
})

test.each<[string[], number]>([
  [[], 18],
  [['--least-width', 'plate=7'], 7],
])('%j: below how many pixels nobody can tell, policy data says, or the option', async (option, least) => {
  const files = ['--plan-out', folder.path('least.json'), '--certificate', folder.path('least-certificate.json')]
  const args = [clip, '--out', folder.path('least.mp4'), '--classes', 'plate', ...files, ...option]
  expect(await custos(args)).toMatchObject({ code: 0, err: '' })
  const { tool } = JSON.parse(await readFile(folder.path('least.json'), 'utf8'))
  expect(tool.parameters.plate.leastWidthPx).toBe(least)
  const { couldNotTell } = JSON.parse(await readFile(folder.path('least-certificate.json'), 'utf8'))
  expect(couldNotTell.covered.leastWidthPx).toEqual({ plate: least })
})

test('what cannot be done is exit code 1 with the problem, and an older target stays', async () => {
  await writeFile(folder.path('text.mp4'), 'no video')
  await writeFile(folder.path('old.mp4'), 'old')
  const { code, out, err } = await custos([folder.path('text.mp4'), '--out', folder.path('old.mp4'), '--json'])
  expect(code).toBe(1)
  expect(jsonLines(out)).toMatchObject([
    { event: 'result', ok: false, problem: { status: 422, detail: expect.any(String) } },
  ])
  expect(err).toContain('clip-not-video')
  expect(await readFile(folder.path('old.mp4'), 'utf8')).toBe('old')
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s leaves no half file, and ends with %i', async (signal, exitCode) => {
  const long = folder.path(`${signal}.mp4`)
  await ffmpeg(...motion(640, 360, 250), ...x264, long)
  const longPlan = await planFor(long)
  const before = await readdir(folder.path('.'))
  const out = folder.path('interrupted.mp4')
  const { code } = await custos([long, '--out', out, '--plan', longPlan, '--json'], (child, said) => {
    if (said.includes('"stage":"render"') && !child.killed) child.kill(signal)
  })
  expect(code).toBe(exitCode)
  expect(await readdir(folder.path('.'))).toEqual(before)
  await expect(stat(out)).rejects.toThrow('ENOENT')
})
