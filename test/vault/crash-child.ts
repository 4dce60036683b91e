/** Takes one clip into a vault and dies by SIGKILL at a named step: `node crash-child.ts URL FOLDER STEP [times]`. */
import { join } from 'node:path'
import { type Db, openDatabase } from '../../service/db.ts'
import { openFolderStore } from '../../service/vault/folder-store.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import type { ObjectStore } from '../../service/vault/object-store.ts'
import { openVault } from '../../service/vault/vault.ts'
import { chunks, pattern } from './streams.ts'

const [url, folder, step] = process.argv.slice(2) as [string, string, string]
const region = 'local'

async function die(at: string): Promise<void> {
  if (at !== step) return
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
}

async function* dyingAfter(bytes: number, at: string, source: AsyncIterable<Uint8Array>) {
  let passed = 0
  for await (const chunk of source) {
    yield chunk
    passed += chunk.length
    if (passed > bytes) await die(at)
  }
}

function dyingStore(real: ObjectStore): ObjectStore {
  return {
    ...real,
    async put(r, key, body, until) {
      await die('before the put')
      await real.put(r, key, { ...body, open: () => dyingAfter(1_500_000, 'in the put', body.open()) }, until)
      await die('after the put')
    },
    async extend(...args) {
      await die('before the longer lock')
      await real.extend(...args)
      await die('after the longer lock')
    },
  }
}

/** The second transaction of a store is the one that marks. */
function dyingDb(real: Db): Db {
  let transactions = 0
  return new Proxy(real, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'transaction') return typeof value === 'function' ? value.bind(target) : value
      return async (work: Parameters<Db['transaction']>[0]) => {
        const nth = ++transactions
        const answer = await target.transaction(work)
        await die(nth === 1 ? 'after the intent' : 'after the mark')
        return answer
      }
    },
  })
}

const plain = pattern(3_000_000)
const database = await openDatabase(url)
const vault = await openVault({
  db: dyingDb(database.db),
  objects: dyingStore(await openFolderStore(join(folder, 'objects'))),
  keys: await openKeyFile(join(folder, 'vault.json')),
  scratchDir: join(folder, 'scratch'),
  exclusive: database.exclusive,
})
for (let nth = 1; nth <= 2; nth++) {
  const plaintextTo = join((await vault.workFolder()).path, 'clip')
  const body = dyingAfter(1_500_000, 'in the spool', chunks(plain))
  const spooled = await vault.spool(body, { region, maxBytes: 1e9, plaintextTo })
  await die('after the spool')
  const retainUntil = new Date(Date.now() + nth * 86_400_000)
  await vault.store(spooled, { role: 'master', retainUntil })
  await new Promise(sent => process.send!({ acknowledged: spooled.clipRef }, sent))
  await die('after the answer')
}
await die('after the second answer')
