/** A real database, a real cipher and a real key for the ledger's tests. CUSTOS_TEST_POSTGRES (a URL) moves them from PGlite to PostgreSQL. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { sql } from 'drizzle-orm'
import { newId } from '../../service/custody/id.ts'
import {
  type Act,
  type Ledger,
  type LedgerOptions,
  type OpeningCipher,
  openLedger,
} from '../../service/custody/ledger.ts'
import { generateSigningKey, openSigner } from '../../service/custody/signer.ts'
import { type Database, openDatabase } from '../../service/db.ts'
import { freshDatabase } from '../engines/postgres.ts'

export const origin = 'ledger.example/custody'
export const signingKey = generateSigningKey()
export const signer = openSigner(origin, signingKey)

/** AES-256-GCM under a key of each subject; `destroyed` names those whose key is gone. */
export function testCipher(secret: Uint8Array, destroyed = new Set<string>()): OpeningCipher {
  const keyOf = (subject: string) => createHmac('sha256', secret).update(subject).digest()
  return {
    async seal(_tx, subject, plaintext) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyOf(subject), nonce)
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    },
    async open(_db, subject, sealed) {
      if (destroyed.has(subject)) return undefined
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', keyOf(subject), bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(-16))
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
    },
  }
}

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database
  /** Another replica's view of the same data: on PGlite the same object, on PostgreSQL a pool of its own. */
  again(): Promise<Database>
}

/** Databases that no test uses now. Starting one takes seconds; a fresh schema in it takes none. */
const idle: { url: string; database: Database }[] = []

/** Empty tables of this room, in a database that no other test sees meanwhile. */
export async function testDatabase(): Promise<TestDatabase> {
  const used = idle.pop() ?? (await startDatabase())
  const { url, database } = used
  await database.script('drop schema if exists custody cascade')
  await createTables(database)
  const others = new AsyncDisposableStack()
  return {
    database,
    again: async () => (database.engine === 'pglite' ? database : others.use(await openDatabase(url))),
    async [Symbol.asyncDispose]() {
      await others.disposeAsync()
      idle.push(used)
    },
  }
}

async function startDatabase(): Promise<{ url: string; database: Database }> {
  const url = (await freshDatabase()) ?? 'memory:'
  return { url, database: await openDatabase(url) }
}

export async function createTables(database: Database): Promise<void> {
  await database.script(await readFile(new URL('../../migrations/0001_custody.sql', import.meta.url), 'utf8'))
}

export const testSecret = new Uint8Array(32).fill(7)

export function testLedger(database: Database, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({ db: database.db, origin, signer, openings: testCipher(testSecret), ...options })
}

export function testAct(act: Partial<Act> = {}): Act {
  return {
    chain: newId(),
    req: newId(),
    ev: 'exhibit.acquired',
    who: { subject: 'person-1', organisation: 'agency-1', credential: 'token-1' },
    obj: { sha256: 'ab'.repeat(32), len: 1234, role: 'master' },
    ...act,
  }
}

/** Runs SQL as an intruder would who owns the tables: with the append-only trigger out of the way. */
export async function tamper(database: Database, table: string, statement: string): Promise<void> {
  await database.script(
    `alter table custody.${table} disable trigger append_only; ${statement}; alter table custody.${table} enable always trigger append_only`,
  )
}

export async function countRows(database: Database, table: string): Promise<number> {
  const { rows } = (await database.db.execute(
    sql.raw(`select count(*)::int as n from custody.${table}`),
  )) as unknown as { rows: { n: number }[] }
  return rows[0]!.n
}
