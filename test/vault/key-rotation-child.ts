/** Wraps all anew and dies by SIGKILL once a number of rows is written: `node key-rotation-child.ts URL KEYFILE ROWS [after]`. */
import { openDatabase } from '../../service/db.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { rewrapKeys } from '../../service/vault/rewrap.ts'

const [url, keyFile, rows, when = 'before'] = process.argv.slice(2) as [string, string, string, string?]
const { db } = await openDatabase(url)
let written = 0

async function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return await new Promise(() => {})
}

/** Dies in the middle of a row's update: before it is sent, or when it is committed and nobody knows. */
const dying = new Proxy(db, {
  get(target, name) {
    const value = Reflect.get(target, name)
    if (name !== 'update') return typeof value === 'function' ? value.bind(target) : value
    return (table: Parameters<typeof db.update>[0]) => ({
      set: (values: object) => ({
        where: (condition: never) => ({
          async returning() {
            const last = ++written > Number(rows)
            if (last && when === 'before') await die()
            const changed = await db.update(table).set(values).where(condition).returning()
            if (last) await die()
            return changed
          },
        }),
      }),
    })
  },
})
await rewrapKeys({ db: dying, keys: await openKeyFile(keyFile), openingsRegion: 'local' }, { batchSize: 5 })
