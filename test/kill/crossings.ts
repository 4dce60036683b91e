/** Where a process can die: every step crosses a line with a name, and one crossing can be armed to be the last. */
import { isMainThread } from 'node:worker_threads'

/** The `nth` crossing (from 1) of the line with this name, counted from when it was armed. */
export interface Deadline {
  readonly name: string
  readonly nth: number
}

let armed: { name: string; left: number } | undefined
let tell: (name: string) => void = () => {}
const known = new Set<string>()

export function arm(deadline: Deadline | undefined): void {
  armed = deadline && { name: deadline.name, left: deadline.nth }
  known.clear()
}

/** `listener` hears each name once, at its first crossing since `arm`. */
export function onNewLine(listener: (name: string) => void): void {
  tell = listener
}

/** The next crossing of this line is the last. */
export function isNext(name: string): boolean {
  return armed?.name === name && armed.left <= 1
}

/** Does not return when this is the armed crossing: SIGKILL to oneself is delivered before kill(2) returns. */
export function cross(name: string): void {
  if (armed?.name === name && --armed.left <= 0) {
    process.kill(process.pid, 'SIGKILL')
    for (;;);
  }
  if (known.has(name) || !isMainThread) return
  known.add(name)
  tell(name)
}

/** Crosses `before …` and `after …` around a step. */
export async function around<T>(name: string, step: () => Promise<T>): Promise<T> {
  cross(`before ${name}`)
  const result = await step()
  cross(`after ${name}`)
  return result
}

/** Crosses `in …` at the first piece that brings the bytes passed to half of `len` or more. */
export async function* halfway(
  name: string,
  len: number,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let [passed, over] = [0, false]
  for await (const piece of pieces) {
    yield piece
    passed += piece.length
    if (!over && passed * 2 >= len) {
      over = true
      cross(`in ${name}`)
    }
  }
}

/** The function of the service on whose behalf this runs, as `room/file.function`, looking past the files that `skip` matches. */
export function callerOf(skip: RegExp = /^$/): string {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 40
  const lines = new Error().stack!.split('\n')
  Error.stackTraceLimit = limit
  for (const line of lines) {
    const [, path] = /\/service\/([\w/.-]+)\.ts:\d+:\d+\)?$/.exec(line) ?? []
    if (path === undefined || skip.test(path)) continue
    const [, name] = /^\s*at (?:async )?(?:\S+\.)?([\w$]+) \(/.exec(line) ?? []
    return name === undefined ? path : `${path}.${name}`
  }
  return 'elsewhere'
}
