import { readdir } from 'node:fs/promises'
import ffmpegCommand from 'fluent-ffmpeg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { blocks, FfmpegFailed, ffmpegOutput, ffmpegVersions, lines, runFfmpeg } from '../../service/redaction/ffmpeg.ts'
import { ffmpeg, motion, scratch, words, x264 } from './clips.ts'

let folder: Awaited<ReturnType<typeof scratch>>
beforeAll(async () => {
  folder = await scratch()
  await ffmpeg(...motion(96, 64, 12), ...x264, folder.path('clip.mp4'))
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Writes grey frames of 64x64 to standard output, without end unless told. */
function grey(...more: string[]) {
  const command = ffmpegCommand('color=gray:s=64x64').inputFormat('lavfi').output('pipe:1')
  return command.outputOptions(...words('-pix_fmt gray -f rawvideo'), ...more)
}

async function failureOf(work: Promise<unknown>): Promise<FfmpegFailed> {
  const error = await work.catch(e => e)
  expect(error).toBeInstanceOf(FfmpegFailed)
  return error as FfmpegFailed
}

describe('a child ends with the one who asked for it', () => {
  test('when the signal aborts, with the signal reason', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const output = ffmpegOutput(grey(), { signal: abort.signal })
    await expect(async () => {
      for await (const _ of output) abort.abort(reason)
    }).rejects.toBe(reason)
    await expect(runFfmpeg(grey(), { signal: abort.signal })).rejects.toBe(reason)
  })

  test('when the reader has enough, however much is still to come', async () => {
    for (let i = 0; i < 5; i++) for await (const _ of ffmpegOutput(grey())) break
  })

  test('when its time is over, or it falls silent', async () => {
    expect((await failureOf(runFfmpeg(grey(), { timeoutMs: 200 }))).message).toMatch(/took longer than 200 ms/)
    const slow = ffmpegCommand('color=gray:s=64x64')
      .inputFormat('lavfi')
      .inputOptions('-re')
      .output('-')
      .outputOptions('-f', 'null')
    expect((await failureOf(runFfmpeg(slow, { idleMs: 300 }))).message).toMatch(/silent for 300 ms/)
  })

  test('when it asks for more memory than it may have', async () => {
    const huge = () =>
      ffmpegCommand('color=gray:s=8000x8000')
        .inputFormat('lavfi')
        .output('-')
        .outputOptions(...words('-frames:v 2 -f null'))
    await runFfmpeg(huge())
    expect((await failureOf(runFfmpeg(huge(), { memoryBytes: 250 * 2 ** 20 }))).exitCode).not.toBe(0)
  })
})

test('a failure keeps the end of what ffmpeg said', async () => {
  const error = await failureOf(
    runFfmpeg(ffmpegCommand(folder.path('none.mp4')).output('-').outputOptions('-f', 'null')),
  )
  expect(error.exitCode).toBe(1)
  expect(error.stderrTail).toContain('No such file')
})

test('a child runs in a folder of its own that is gone afterwards, and takes no orders from our environment', async () => {
  await using temporary = await scratch()
  vi.stubEnv('TMPDIR', temporary.path('.'))
  vi.stubEnv('FFREPORT', `file=${temporary.path('report.log')}`)
  try {
    for await (const _ of ffmpegOutput(grey())) {
      const [home = '', ...more] = await readdir(temporary.path('.'))
      expect([home, more]).toEqual([expect.stringMatching(/^custos-ffmpeg-\d+$/), []])
      expect(await readdir(temporary.path(home))).toHaveLength(1)
      break
    }
    for (const home of await readdir(temporary.path('.'))) expect(await readdir(temporary.path(home))).toEqual([])
  } finally {
    vi.unstubAllEnvs()
  }
})

describe('a child is fed while it is read', () => {
  const frame = new Uint8Array(64 * 64)
  const relay = () =>
    ffmpegCommand('pipe:3')
      .inputFormat('rawvideo')
      .inputOptions(...words('-pix_fmt gray -video_size 64x64'))
      .output('pipe:1')
      .outputOptions(...words('-pix_fmt gray -f rawvideo'))

  test('and gets every byte, in order, although the pieces share one buffer', async () => {
    async function* feed() {
      for (let n = 0; n < 200; n++) yield frame.fill(n)
    }
    const seen: number[] = []
    for await (const block of blocks(ffmpegOutput(relay(), { feed: feed() }), 64 * 64)) seen.push(block[4095]!)
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  test('a feed that fails ends it with the fault of the feed', async () => {
    const fault = new Error('no more')
    async function* feed() {
      yield frame
      throw fault
    }
    await expect(runFfmpeg(relay(), { feed: feed() })).rejects.toBe(fault)
  })

  test('a child that ends early ends the feed, and its own words say why', async () => {
    let ended = false
    async function* feed() {
      try {
        for (;;) yield frame
      } finally {
        ended = true
      }
    }
    await runFfmpeg(relay().outputOptions('-frames:v', '1'), { feed: feed() })
    expect(ended).toBe(true)
    await failureOf(runFfmpeg(relay().outputOptions('-c:v', 'nonesuch'), { feed: feed() }))
  })
})

test('an output is cut into blocks, and one that ends inside a block is an error', async () => {
  const count = async (size: number) => {
    let n = 0
    for await (const block of blocks(ffmpegOutput(grey('-frames:v', '3')), size)) n += block.length === size ? 1 : 0
    return n
  }
  expect(await count(64 * 64)).toBe(3)
  await expect(count(5000)).rejects.toThrow(RangeError)
})

test('lines come whole, whatever the chunks', async () => {
  async function* chunks() {
    for (const text of ['a\nb', 'c\n', '\nd']) yield Buffer.from(text)
  }
  expect(await Array.fromAsync(lines(chunks()))).toEqual(['a', 'bc', '', 'd'])
})

test('versions are those of the program that runs', async () => {
  const versions = await ffmpegVersions()
  expect(Object.keys(versions).sort()).toEqual(['ffmpeg', 'libavcodec', 'libavfilter', 'libavformat', 'libswscale'])
})
