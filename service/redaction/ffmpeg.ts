/**
 * The one way to start ffmpeg and ffprobe. What they read is hostile: a child gets a folder of its own, an empty environment,
 * no standard input, no core dump, limits on memory and time, and its death rejects one promise and nothing else.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import type { FfmpegCommand } from 'fluent-ffmpeg'
import { defaultLimits } from './limits.ts'
import { scratchFolder } from './scratch.ts'

export interface RunOptions {
  /** Aborting kills the child; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Longest life of the child. Without it only `idleMs` counts. */
  timeoutMs?: number
  /** Longest silence on standard output while we wait for it. */
  idleMs?: number
  /** Address space of the child. */
  memoryBytes?: number
  /** Folder the child runs in: a fresh one of its own where absent. */
  cwd?: string
  /** What the child reads as `pipe:3`. Each piece is written before the next is asked for. */
  feed?: AsyncIterable<Uint8Array> | undefined
  /** Called with what the child says on standard error, piece by piece. */
  onWarning?: (text: string) => void
}

/** ffmpeg or ffprobe did not do its work. For logs: the message and the tail can carry paths and metadata of the clip. */
export class FfmpegFailed extends Error {
  readonly exitCode: number | null
  /** The last 8 KiB of standard error. */
  readonly stderrTail: string

  constructor(message: string, exitCode: number | null, stderrTail: string) {
    super(`${message}${stderrTail && `: ${stderrTail.trimEnd().split('\n').at(-1)}`}`)
    this.name = 'FfmpegFailed'
    this.exitCode = exitCode
    this.stderrTail = stderrTail
  }
}

/** The machine has no ffmpeg: nothing that a clip could be blamed for. */
export class FfmpegMissing extends FfmpegFailed {}

const defaultMemoryBytes = defaultLimits.memoryBytes
const defaultIdleMs = 180_000
const tailBytes = 8192

/** Standard output of the command, with back-pressure. Leaving the loop early kills the child. */
export function ffmpegOutput(
  command: FfmpegCommand,
  options: RunOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  // -max_alloc: no header of a clip makes a single allocation larger than that.
  const args = ['-nostdin', '-hide_banner', '-v', 'warning', '-max_alloc', String(2 ** 30), ...argumentsOf(command)]
  return childOutput('ffmpeg', args, options)
}

/** Runs the command to its end; what it writes to standard output is dropped. */
export async function runFfmpeg(command: FfmpegCommand, options: RunOptions = {}): Promise<void> {
  for await (const _ of ffmpegOutput(command, options));
}

export function ffprobeOutput(
  args: readonly string[],
  options: RunOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  return childOutput('ffprobe', ['-hide_banner', '-v', 'warning', ...args], options)
}

/** Version of ffmpeg and of its libraries, as it names them itself. */
export async function ffmpegVersions(): Promise<Record<string, string>> {
  const versions: Record<string, string> = {}
  for await (const line of lines(childOutput('ffmpeg', ['-version'], {}))) {
    const program = /^ffmpeg version (\S+)/.exec(line)
    const library = /^(lib(?:avcodec|avformat|avfilter|swscale))\s+([\d. ]+?) \//.exec(line)
    if (program) versions.ffmpeg = program[1]!
    if (library) versions[library[1]!] = library[2]!.replaceAll(/\s/g, '')
  }
  return versions
}

/** Splits an output into lines, without their ends. */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + chunk.toString('latin1')).split('\n')
    rest = parts.pop()!
    yield* parts
  }
  if (rest) yield rest
}

/**
 * Cuts an output into blocks of `size` bytes, in one buffer that the next block overwrites. Throws RangeError when the output
 * ends inside a block.
 */
export async function* blocks(
  chunks: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(size)
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, size - filled)
      block.set(chunk.subarray(at, at + taken), filled)
      at += taken
      filled += taken
      if (filled < size) continue
      yield block
      filled = 0
    }
  }
  if (filled > 0) throw new RangeError(`the output ended ${filled} bytes into a block of ${size}`)
}

/** fluent-ffmpeg builds the arguments; its runner can neither limit memory nor hand over binary output, so the start is ours. */
function argumentsOf(command: FfmpegCommand): string[] {
  return (command as FfmpegCommand & { _getArguments(): string[] })._getArguments()
}

/** `exec`, so that the process we may kill is ffmpeg itself. A limit that a system does not know is no reason to stop. */
const launcher = `ulimit -c 0; ulimit -v "$1" 2>/dev/null; shift
exec env -i PATH="$PATH" LC_ALL=C HOME="$PWD" TMPDIR="$PWD" "$@"`

async function* childOutput(
  program: 'ffmpeg' | 'ffprobe',
  args: readonly string[],
  { signal, timeoutMs, idleMs = defaultIdleMs, memoryBytes = defaultMemoryBytes, ...options }: RunOptions,
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted()
  const own = options.cwd === undefined ? await scratchFolder() : undefined
  const kibibytes = String(Math.floor(memoryBytes / 1024))
  const child = spawn('/bin/sh', ['-c', launcher, 'sh', kibibytes, program, ...args], {
    cwd: options.cwd ?? own,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.feed ? (['pipe'] as const) : [])],
  })
  const { stdout, stderr } = child as ChildProcessByStdio<null, Readable, Readable>
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  closed.catch(() => {})

  let killedFor = ''
  const kill = (why: string) => {
    killedFor ||= why
    // One that could not be started has no number, and Node would signal any.
    if (child.pid !== undefined) child.kill('SIGKILL')
  }
  const abort = () => kill('was aborted')
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  const life = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs, `took longer than ${timeoutMs} ms`)
  let tail = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-tailBytes)
    options.onWarning?.(text)
  })

  let unfed: { reason: unknown } | undefined
  const entry = child.stdio[3] as Writable | undefined
  const fed =
    options.feed &&
    write(entry!, options.feed).catch(reason => {
      unfed = { reason }
      kill('was not fed')
    })

  try {
    const chunks = stdout[Symbol.asyncIterator]()
    for (;;) {
      const silence = setTimeout(kill, idleMs, `was silent for ${idleMs} ms`)
      const next = await chunks.next().finally(() => clearTimeout(silence))
      if (next.done) break
      yield next.value as Buffer
    }
    const [code, died] = await closed
    signal?.throwIfAborted()
    if (unfed) throw unfed.reason
    if (killedFor) throw new FfmpegFailed(`${program} ${killedFor}`, code, tail)
    if (code === 127 && /^env: /m.test(tail)) throw new FfmpegMissing(`${program} is not installed`, code, tail)
    if (code !== 0) throw new FfmpegFailed(`${program} ended with ${died ?? code}`, code, tail)
  } finally {
    clearTimeout(life)
    signal?.removeEventListener('abort', abort)
    child.kill('SIGKILL')
    // A child counts as closed only when nobody can read from it any more.
    stdout.destroy()
    entry?.destroy()
    await closed.catch(() => {})
    await fed
    if (own !== undefined) await rm(own, { recursive: true, force: true })
  }
}

/** Ends early and quietly when the child reads no more: its exit says why. */
async function write(entry: Writable, feed: AsyncIterable<Uint8Array>): Promise<void> {
  entry.on('error', () => {})
  for await (const piece of feed) {
    const failed = await new Promise(resolve => entry.write(piece, resolve))
    if (failed) return
  }
  entry.end()
}
