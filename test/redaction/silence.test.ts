import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ffmpeg, motion, scratch, x264 } from './clips.ts'

const main = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))

test('a redaction leaves nothing of onnxruntime’s own reporting behind, which it would send to its maker', async () => {
  await using folder = await scratch()
  await using temporary = await scratch()
  const [clip, out] = [folder.path('clip.mp4'), folder.path('out.mp4')]
  await ffmpeg(...motion(320, 240, 10), ...x264, clip)
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env
  await promisify(execFile)(process.execPath, [main, 'redact', clip, '--out', out], {
    env: { ...env, TMPDIR: temporary.path('') },
  })
  // What ffmpeg worked in is our own; the runtime would leave a folder of its own beside it.
  const left = await readdir(temporary.path(''))
  expect(left.filter(name => !name.startsWith('custos-ffmpeg-'))).toEqual([])
})
