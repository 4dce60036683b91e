/**
 * Lines around what the service does to the disk, to its database and to other programs. They are drawn in Node's own functions and in
 * drizzle's class, and not by a parameter, so that start-up and every room are covered on either database as they are.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import childProcess from 'node:child_process'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { PgDatabase } from 'drizzle-orm/pg-core'
import type { Db } from '../../service/db.ts'
import { around, callerOf, cross, isNext } from './crossings.ts'

type Anything = (...args: unknown[]) => Promise<unknown>

/** Before the service is opened. */
export async function drawLines(): Promise<void> {
  drawOn(files, ['rename', 'rm', 'rmdir', 'mkdir', 'mkdtemp', 'link', 'writeFile'])
  const handle = await files.open(process.execPath)
  drawOn(Object.getPrototypeOf(handle), ['write', 'writeFile', 'sync'])
  await handle.close()
  drawOnPrograms()
  drawOnTransactions()
  syncBuiltinESMExports()
}

function drawOn(target: object, names: readonly string[]): void {
  const functions = target as Record<string, Anything>
  for (const name of names) {
    const real = functions[name]!
    functions[name] = async function draw(this: unknown, ...args) {
      const caller = callerOf(/^(vault\/durable|make-once)$/)
      const step = () => real.apply(this, args)
      if (caller === 'elsewhere') return await step()
      const line = `disk.${name} by ${caller}`
      if (name === 'writeFile' && target === files) await crossWithEmptyFile(`in ${line}`, args)
      return await around(line, step)
    }
  }
}

/** What a process leaves that dies in `writeFile`: the file is there, and nothing in it. */
async function crossWithEmptyFile(line: string, [path, , options]: unknown[]): Promise<void> {
  const { flag = 'w', mode = 0o666 } = (options ?? {}) as { flag?: string; mode?: number }
  if (isNext(line)) await (await files.open(path as string, flag, mode)).close().catch(() => {})
  cross(line)
}

/** Long enough for ffmpeg to have opened its files, short enough for it not to be done. */
const runningMs = 40

function drawOnPrograms(): void {
  const real = childProcess.spawn
  childProcess.spawn = ((...args: Parameters<typeof real>) => {
    const caller = callerOf(/^redaction\/(ffmpeg|frame-source|worker-pool)$/)
    const program = (args[1] as readonly string[]).find(word => /^ff(mpeg|probe)$/.test(word)) ?? 'program'
    const child = (real as (...all: unknown[]) => ReturnType<typeof real>)(...args)
    const timer = setTimeout(() => cross(`in ${program} for ${caller}`), runningMs)
    child.once('exit', () => clearTimeout(timer))
    return child
  }) as typeof real
}

const askedBy = new AsyncLocalStorage<string>()

function drawOnTransactions(): void {
  const real = PgDatabase.prototype.transaction as Db['transaction']
  PgDatabase.prototype.transaction = async function transact(this: Db, work, config) {
    const name = `transaction of ${askedBy.getStore() ?? callerOf(/^db$/)}`
    return await around(name, () =>
      real.call(
        this,
        async tx => {
          const result = await work(tx)
          cross(`in ${name}`)
          return result
        },
        config,
      ),
    )
  } as Db['transaction'] as never
}

/** After the service is opened: on PostgreSQL a transaction first waits for a connection, and its caller is no longer on the stack. */
export function nameTransactions(db: Db): void {
  const real = db.transaction.bind(db)
  db.transaction = (work, config) => askedBy.run(callerOf(/^db$/), () => real(work, config))
}
