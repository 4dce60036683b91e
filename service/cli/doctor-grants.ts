/** `custos doctor` on roles: the service is not the owner, the owner does not log in, and rights are those that service_grants lists. */
import { sql } from 'drizzle-orm'
import { type Database, rowsOf } from '../db.ts'
import { type Answer, fail, ok, warn } from './doctor-check.ts'

export async function judgeGrants(database: Database): Promise<Answer> {
  const [me] = await rowsOf(
    database,
    sql`select current_user as name, r.rolsuper as super, r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication as powers,
          pg_has_role(current_user, c.relowner, 'usage') as owner, pg_get_userbyid(c.relowner) as owned_by,
          (select rolcanlogin from pg_roles where oid = c.relowner) as owner_logs_in
        from pg_roles r, pg_class c where r.rolname = current_user and c.oid = 'custody.entries'::regclass`,
  )
  const says = `connected as ${me!.name}`
  const roles = 'make the roles of docs/deploy.md, run `custos migrate`, and connect as custos_service'
  if (me!.super === true) return warn(`${says}, a superuser, whom no right and no trigger binds`, roles)
  if (me!.owner === true) return warn(`${says}, the owner, who can take the ledger's triggers away`, roles)
  const { lacking, extra } = await compareRights(database)
  const again =
    'run `custos migrate`, which grants what is listed and takes the rest away; what then is left, others than the owner granted'
  if (lacking.length > 0) return fail(`${says}, which lacks ${lacking.join(', ')}`, again)
  if (extra.length > 0) return warn(`${says}, which may more than it needs: ${extra.join(', ')}`, again)
  if (me!.powers === true) return warn(`${says}, which may make roles or databases`, 'take those attributes away')
  if (me!.owner_logs_in === true)
    return warn(`${says}; the owner ${me!.owned_by} can log in`, `alter role ${me!.owned_by} nologin`)
  return ok(`${says}, with the rights that are listed; the owner ${me!.owned_by} does not log in`)
}

/**
 * `relation: privilege` or `relation: privilege (column)`, of what is listed and not there, and of what is there and not listed. Looks at
 * whatever the owner of our tables owns and at our schemas; a table that somebody else keeps in the same database is not ours to judge.
 */
async function compareRights(database: Database): Promise<{ lacking: string[]; extra: string[] }> {
  const listed = await rowsOf(
    database,
    sql`select relation || ': ' || privilege as right from service_grants, unnest(string_to_array(privileges, ', ')) as p (privilege)`,
  )
  const held = await rowsOf(
    database,
    sql`with ours as (
          select c.oid, n.nspname || '.' || c.relname as name, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema$)'
            and (c.relowner = (select relowner from pg_class where oid = 'custody.entries'::regclass) or n.nspname = 'jobs')
        )
        select regexp_replace(o.name, '^public\\.', '') || ': ' || p as right from ours o,
          unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'trigger', 'references']) as p
        where has_table_privilege(current_user, o.oid, p) and not (o.nspname = 'jobs' and p in ('select', 'insert', 'update', 'delete'))
        union all
        select regexp_replace(o.name, '^public\\.', '') || ': ' || p || ' (' || a.attname || ')' from ours o
          join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped, unnest(array['select', 'insert', 'update', 'references']) as p
        where not has_table_privilege(current_user, o.oid, p) and has_column_privilege(current_user, o.oid, a.attnum, p)
        union all
        select 'schema ' || nspname || ': create' from pg_namespace
        where nspname !~ '^(pg_|information_schema$)' and has_schema_privilege(current_user, oid, 'create')
        union all
        select 'database: create' where has_database_privilege(current_user, current_database(), 'create')
        order by 1`,
  )
  const [wanted, has] = [listed, held].map(rows => rows.map(row => String(row.right))) as [string[], string[]]
  // A right to the whole table is one to each of its columns, and more than was listed.
  const whole = (right: string) => right.replace(/ \([a-z_]+\)$/, '')
  return {
    lacking: wanted.filter(right => !has.includes(right) && !has.includes(whole(right))),
    extra: has.filter(right => !wanted.includes(right)),
  }
}
