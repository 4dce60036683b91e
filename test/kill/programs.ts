/** The programs that a process has started to redact a clip, as the system lists them; in which pass each of them is. */
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

export interface Program {
  readonly pid: number
  readonly command: string
}

/** One program of each pass that is there in that pass only; `prove` has both families at work. */
export const marks = {
  'a decoder in pass 1': /^ffmpeg .*fast_bilinear/,
  'a detector': /detect-worker/,
  'the renderer': /^ffmpeg .*libx264/,
  'the reader of writing': /text-worker/,
  'a decoder of the copy': /^ffmpeg .*crop=.*rawvideo/,
} as const
export type Mark = keyof typeof marks

/** Waits until a child of `parent` has the mark, and answers it. */
export async function atWork(parent: number, mark: Mark): Promise<Program> {
  for (;;) {
    const found = (await programsOf(parent)).find(({ command }) => marks[mark].test(command))
    if (found) return found
    await delay(5)
  }
}

export async function programsOf(parent: number): Promise<Program[]> {
  const pids = (await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).split(' ').slice(0, -1).map(Number)
  return await Promise.all(pids.map(async pid => ({ pid, command: await commandOf(pid) })))
}

/** Which of them are still there. */
export async function living(programs: readonly Program[]): Promise<Program[]> {
  const now = await Promise.all(programs.map(({ pid }) => commandOf(pid)))
  return programs.filter(({ command }, i) => command !== '' && now[i] === command)
}

/** Empty where the process has ended, even if nobody has asked how. */
async function commandOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
}
