import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, migrate, openDatabase } from '../../service/db.ts'
import { fingerprint, once } from '../../service/http/idempotency.ts'
import { Problem } from '../../service/http/problem.ts'

let database: Database
beforeAll(async () => {
  database = await openDatabase('memory:')
  await migrate(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const attempt = { subject: 's', key: 'key-0001', operation: 'x' }

test('a retried act happens once, also when the twin comes at the same time', async () => {
  let acts = 0
  const act = (bind: (tx: never, resource: string) => Promise<void>) =>
    database.db.transaction(async tx => {
      const resource = `r${++acts}`
      await bind(tx as never, resource)
      return resource
    })
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => once(database.db, attempt, fingerprint('a'), act as never)),
  )
  expect(new Set(answers.map(a => a.resource)).size).toBe(1)
  expect(answers.filter(a => !a.repeated)).toHaveLength(1)
})

test('the same key with another request is refused, and another subject may use the same key', async () => {
  const act = async () => 'other'
  await expect(once(database.db, attempt, fingerprint('b'), act)).rejects.toMatchObject({
    type: 'idempotency-key-reused',
  })
  await expect(once(database.db, { ...attempt, operation: 'y' }, fingerprint('a'), act)).rejects.toMatchObject({
    type: 'idempotency-key-reused',
  })
  expect((await once(database.db, { ...attempt, subject: 't' }, fingerprint('b'), act)).resource).toBe('other')
})

test('an act that fails leaves its key free', async () => {
  const again = { ...attempt, key: 'key-0002' }
  const failing = (bind: (tx: never, resource: string) => Promise<void>) =>
    database.db.transaction(async tx => {
      await bind(tx as never, 'lost')
      throw new Error('no')
    })
  await expect(once(database.db, again, fingerprint('a'), failing as never)).rejects.toThrow('no')
  expect((await once(database.db, again, fingerprint('a'), async () => 'kept')).repeated).toBe(false)
})

test('a twin that meets what the other left behind is answered with that; a conflict of another makes nobody its doer', async () => {
  const twin = { ...attempt, key: 'key-0003' }
  const overtaken = async () => {
    // The other is through between this one's look at its key and its act.
    await once(database.db, twin, fingerprint('a'), bind =>
      database.db.transaction(async tx => {
        await bind(tx, 'made')
        return 'made'
      }),
    )
    throw new Problem('conflict')
  }
  expect(await once(database.db, twin, fingerprint('a'), overtaken)).toEqual({ resource: 'made', repeated: true })
  const conflict = () => Promise.reject(new Problem('conflict'))
  for (const key of ['key-0004', undefined])
    await expect(once(database.db, { ...attempt, key }, fingerprint('a'), conflict)).rejects.toMatchObject({
      type: 'conflict',
    })
})
