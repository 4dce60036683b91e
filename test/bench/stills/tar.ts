import { type FileHandle, open } from 'node:fs/promises'

const block = 512

/** Reads members of a ustar archive where they lie, without unpacking it. */
export interface Tar {
  /** Throws a RangeError for a name that is not in it. */
  read(name: string): Promise<Buffer>
}

/** Throws when the file is no ustar archive. Names over 100 characters are not looked for. */
export async function openTar(path: string): Promise<Tar> {
  const members = await opened(path, file => index(file, path))
  return {
    read: name =>
      opened(path, async file => {
        const member = members.get(name)
        if (!member) throw new RangeError(`${path} holds no ${name}`)
        const bytes = Buffer.alloc(member.len)
        const { bytesRead } = await file.read(bytes, 0, member.len, member.at)
        if (bytesRead < member.len) throw new Error(`${path} ends within ${name}`)
        return bytes
      }),
  }
}

async function opened<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  await using file = await open(path)
  return await use(file)
}

async function index(file: FileHandle, path: string) {
  const members = new Map<string, { at: number; len: number }>()
  const head = Buffer.alloc(block)
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(head, 0, block, at)
    if (bytesRead < block || head[0] === 0) return members
    if (head.toString('latin1', 257, 262) !== 'ustar') throw new Error(`${path} is no ustar archive`)
    const name = head.toString('utf8', 0, 100).replace(/\0.*$/s, '')
    const len = Number.parseInt(head.toString('latin1', 124, 136), 8)
    members.set(name, { at: at + block, len })
    at += block + Math.ceil(len / block) * block
  }
}
