-- What the service may do on PostgreSQL, table by table: a row for each, added by the migration that adds the table. The service connects
-- as custos_service; making that role and the owner is the operator's part (docs/deploy.md). Where the role is not there, nothing is granted.
create table service_grants (
  relation   text primary key,
  -- A column in parentheses: that column alone.
  privileges text not null check (privileges ~ '^(select|insert|delete|update( \([a-z_]+\))?)(, (select|insert|delete|update( \([a-z_]+\))?))*$')
);
insert into service_grants (relation, privileges) values
  ('migrations', 'select'),
  ('service_grants', 'select'),
  -- The ledger grows and is never changed; only its head moves, and what is pending is moved into it.
  ('custody.entries', 'select, insert'),
  ('custody.nodes', 'select, insert'),
  ('custody.checkpoints', 'select, insert'),
  ('custody.openings', 'select, insert'),
  ('custody.pending', 'select, insert, delete'),
  ('custody.head', 'select, update'),
  ('vault.objects', 'select, insert, update, delete'),
  -- A key is wrapped anew, and never becomes another object's.
  ('vault.object_keys', 'select, insert, update (wrapped), delete'),
  ('vault.subject_keys', 'select, insert, update (wrapped), delete'),
  ('vault.reference_checks', 'select, insert'),
  ('intake.incidents', 'select, insert'),
  -- What was acquired stays as it was acquired.
  ('intake.exhibits', 'select, insert, update (disposed_at)'),
  ('intake.holds', 'select, insert, update'),
  ('disclosure.requests', 'select, insert, update'),
  ('disclosure.derivatives', 'select, insert'),
  ('disclosure.disclosures', 'select, insert, update'),
  ('http.idempotency_keys', 'select, insert'),
  ('policy.decisions', 'select, insert'),
  ('oversight.sweeps', 'select, insert, update'),
  ('oversight.disposals', 'select, insert, update, delete');

-- `custos migrate` calls it at its end, every time: so a role that was made later, or granted too much by hand, ends with exactly this.
-- It touches what the owner of these tables owns, and no table that somebody else keeps in the same database.
-- The queue's tables (schema jobs) come and go with pg-boss, and nothing in them is evidence: there the service may do what is done with rows.
create procedure grant_service() language plpgsql as $$
declare
  known record;
  mine constant oid := (select relowner from pg_class where oid = 'service_grants'::regclass);
begin
  if not exists (select from pg_roles where rolname = 'custos_service') then
    return;
  end if;
  for known in
    select c.oid::regclass as relation from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relowner = mine and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema$)'
  loop
    execute format('revoke all on %s from custos_service', known.relation);
  end loop;
  -- Schema public belongs to whoever owns the database, and that may be somebody else.
  for known in
    select nspname as name, exists (select from service_grants join pg_class c on c.oid = relation::regclass where c.relnamespace = n.oid) as listed
    from pg_namespace n where (nspowner = mine or nspname = 'public') and nspname !~ '^(pg_|information_schema$)' and pg_has_role(nspowner, 'usage')
  loop
    execute format('revoke all on schema %I from custos_service', known.name);
    if known.listed then
      execute format('grant usage on schema %I to custos_service', known.name);
    end if;
  end loop;
  for known in select * from service_grants loop
    execute format('grant %s on %s to custos_service', known.privileges, known.relation::regclass);
  end loop;
  if exists (select from pg_namespace where nspname = 'jobs') then
    grant usage on schema jobs to custos_service;
    grant select, insert, update, delete on all tables in schema jobs to custos_service;
    grant usage, select on all sequences in schema jobs to custos_service;
  end if;
end $$;
