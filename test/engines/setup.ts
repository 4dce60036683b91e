import { startPostgres } from './postgres.ts'

/** Starts a throw-away PostgreSQL and names it to the tests; vitest calls what this returns when all is done. */
export async function setup(): Promise<() => Promise<void>> {
  const postgres = await startPostgres()
  process.env.CUSTOS_TEST_POSTGRES = postgres.url
  return postgres.stop
}
