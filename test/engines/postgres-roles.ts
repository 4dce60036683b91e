/** The three roles of docs/deploy/roles.sql on a test's own database: what is printed there is what runs here. */
import { readFile } from 'node:fs/promises'
import pg from 'pg'

/** `url` is a superuser's. Answers the URLs of the migrating role and of the service. */
export async function makeRoles(url: string): Promise<{ owner: string; service: string }> {
  const script = await readFile(new URL('../../docs/deploy/roles.sql', import.meta.url), 'utf8')
  const database = new URL(url).pathname.slice(1)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  // Roles belong to the whole server, and another test may have made them.
  const statements = script
    .replace(/(--|\\).*$/gm, '')
    .replace(/:('\w+')/g, '$1')
    .split(';')
    .map(text => text.trim())
    .filter(Boolean)
  for (const statement of statements) {
    if (/^create database/i.test(statement)) continue
    await client.query(statement.replaceAll(/\bdatabase custos\b/gi, `database ${database}`)).catch(error => {
      if (!['42710', '23505'].includes(error.code)) throw error
    })
  }
  // Whatever that other test needed of them.
  await client.query(
    'alter role custos_service login; alter role custos_migrator login; alter role custos_owner nologin',
  )
  await client.query(`alter database ${database} owner to custos_owner`)
  await client.end()
  const as = (role: string) => url.replace('//postgres@', `//${role}@`)
  return { owner: as('custos_migrator'), service: as('custos_service') }
}
