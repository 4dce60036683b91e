/**
 * A KeyService in one file, mode 0600: `{v, reference, wrapping: [{id, key}]}`, keys of 32 bytes in base64, the last wrapping key current.
 * A wrapped key is `0x01 ‖ id[8] ‖ box`. Whoever holds the file and the database can read everything; whoever loses it can read nothing.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { closeBox, openBox } from './box.ts'
import { createFile, isErrno, makeFolder, syncFolder } from './durable.ts'
import { KeyRefused, type KeyService } from './keys.ts'

const format = 'custos-keys/v1'
const wrapVersion = 1
const idLen = 8
const Key = z
  .base64()
  .transform(text => Buffer.from(text, 'base64'))
  .refine(key => key.length === 32, 'a key has 32 bytes')
const KeyFile = z.strictObject({
  v: z.literal(format),
  reference: Key,
  wrapping: z.array(z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/), key: Key })).min(1),
})

/** Creates the file when it is missing. Throws an Error when others may read it or when it is not a key file. */
export async function openKeyFile(path: string): Promise<KeyService> {
  const { reference, wrapping } = await read(path).catch(async error => {
    if (!isErrno(error, 'ENOENT')) throw error
    await create(path)
    return read(path)
  })
  const current = wrapping[wrapping.length - 1]!
  const bound = (region: string, context: string) => `custos-wrap/v1|${region}|${context}`

  return {
    async generateDataKey(region, context) {
      const plaintext = randomBytes(32)
      const box = closeBox(current.key, plaintext, bound(region, context))
      return { plaintext, wrapped: Buffer.concat([Buffer.of(wrapVersion), Buffer.from(current.id, 'hex'), box]) }
    },
    async decrypt(region, wrapped, context) {
      const id = Buffer.from(wrapped.subarray(1, 1 + idLen)).toString('hex')
      const key = wrapped[0] === wrapVersion ? wrapping.find(known => known.id === id)?.key : undefined
      if (!key) throw new KeyRefused()
      try {
        return openBox(key, wrapped.subarray(1 + idLen), bound(region, context))
      } catch (cause) {
        throw new KeyRefused({ cause })
      }
    },
    async referenceMac(region, message) {
      const key = hkdfSync('sha256', reference, '', `custos-reference/v1|${region}`, 32)
      return createHmac('sha256', Buffer.from(key)).update(message).digest()
    },
  }
}

async function read(path: string): Promise<z.infer<typeof KeyFile>> {
  const handle = await open(path)
  try {
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) {
      throw new Error(
        `the key file is open to others (mode ${(mode & 0o777).toString(8)}): chmod 600 it, and consider its keys known`,
      )
    }
    const parsed = KeyFile.safeParse(parseJson(await handle.readFile('utf8')))
    // A parser's own message could quote the file, and the file is keys.
    if (!parsed.success)
      throw new Error(`the key file is no ${format}: ${parsed.error.issues.map(i => i.path.join('.')).join(', ')}`)
    return parsed.data
  } finally {
    await handle.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Two processes that start together end with one file: the second link fails, and it reads what the first made. */
async function create(path: string): Promise<void> {
  const key = () => randomBytes(32).toString('base64')
  const content = { v: format, reference: key(), wrapping: [{ id: randomBytes(idLen).toString('hex'), key: key() }] }
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await makeFolder(dirname(path))
  try {
    await createFile(draft, 0o600, [Buffer.from(`${JSON.stringify(content, null, 2)}\n`)])
    await link(draft, path)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
}
