/** A server of its own for one fault, with the roles of docs/deploy.md and everything that `custos migrate` makes. */
import pg from 'pg'
import { installDatabase } from '../../service/install.ts'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
import { makeRoles } from './postgres-roles.ts'

export interface Troubled extends AsyncDisposable {
  readonly server: Postgres
  /** The service's role, which the server's reserved connections are not for. */
  readonly url: string
  admin(statement: string): Promise<void>
}

export async function troubled(options: PostgresOptions = {}): Promise<Troubled> {
  const server = await startPostgres(options)
  const { owner, service } = await makeRoles(server.url)
  await installDatabase(owner)
  return {
    server,
    url: service,
    async admin(statement) {
      const client = new pg.Client({ connectionString: server.url })
      client.on('error', () => {})
      await client.connect()
      await client.query(statement).finally(() => client.end())
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
