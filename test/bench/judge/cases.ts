import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readTruth, type Truth } from '../../redaction/leak-truth.ts'

/** A clip and what is known of it. */
export interface Case {
  /** The clip's file name without its ending. */
  readonly name: string
  readonly video: string
  readonly truth: Truth
}

const ending = '.truth.json'

/**
 * The cases that a truth file, or each `*.truth.json` of a folder, makes with the videos. A truth in a folder goes with the clip it
 * names, or the one called like itself: among the videos given, or, where none are, in its own folder. Throws when one is missing.
 */
export async function readCases(videos: readonly string[], truthPath: string): Promise<Case[]> {
  if (!(await stat(truthPath)).isDirectory()) {
    const truth = await readTruth(truthPath)
    const video = videos[0] ?? (truth.clip === undefined ? undefined : join(dirname(truthPath), truth.clip))
    if (!video || videos.length > 1) throw new Error('one truth file goes with one video')
    return [{ name: stem(video), video, truth }]
  }
  const files = (await readdir(truthPath)).filter(name => name.endsWith(ending)).sort()
  const cases: Case[] = []
  for (const file of files) {
    const truth = await readTruth(join(truthPath, file))
    const clip = truth.clip ?? `${file.slice(0, -ending.length)}.mp4`
    const video = videos.length === 0 ? join(truthPath, clip) : videos.find(each => basename(each) === clip)
    if (video) cases.push({ name: stem(video), video, truth })
  }
  const without = videos.find(video => !cases.some(each => each.video === video))
  if (without) throw new Error(`${truthPath} holds no truth of ${without}`)
  if (cases.length === 0) throw new Error(`${truthPath} holds no *${ending}`)
  return cases
}

/** The redacted copy of a case: the file itself, or in a folder the one of its name. */
export async function copyOf(redacted: string, name: string): Promise<string> {
  return (await stat(redacted)).isDirectory() ? join(redacted, `${name}.mp4`) : redacted
}

const stem = (path: string) => basename(path).replace(/\.\w+$/, '')
