-- The custody ledger: one append-only log. What makes it evidence are its signed checkpoints and the copies of them that other people
-- hold; the triggers and grants below only keep honest software honest.
create schema custody;

-- Acts that are committed but not yet numbered. The row commits with the act itself; the sequencer moves it to `entries`.
create table custody.pending (
  id bigint generated always as identity primary key,
  chain text not null check (chain ~ '^[0-9a-f]{32}$'),
  req text not null check (req ~ '^[0-9a-f]{32}$'),
  ev text not null,
  blind text not null check (blind ~ '^[0-9a-f]{32}$'),
  -- The entry's six commitments, canonical JSON.
  commitments text not null,
  -- Openings of all fields but `who`, sealed under the chain's key, and the opening of `who`, sealed under the person's.
  sealed bytea not null,
  person text not null,
  sealed_person bytea not null,
  unique (req, ev)
);

-- The tree's head, one row, and the lock under which every entry gets its number.
create table custody.head (
  one boolean primary key default true check (one),
  size bigint not null check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  -- Hashes of the complete subtrees that make up the tree, largest first, one for each bit set in `size`.
  frontier bytea not null check (octet_length(frontier) % 32 = 0),
  -- Time of the newest entry, microseconds since 1970.
  last_micros bigint not null
);
insert into custody.head (size, root, frontier, last_micros) values (0, sha256(''::bytea), ''::bytea, 0);

create table custody.entries (
  index bigint primary key check (index >= 0),
  chain text not null,
  seq bigint not null check (seq >= 1),
  req text not null,
  ev text not null,
  micros bigint not null,
  leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
  -- The entry itself: canonical JSON, to which the leaf hash and everything above must fit.
  bytes bytea not null check (octet_length(bytes) <= 16384),
  unique (chain, seq),
  unique (req, ev)
);

-- Hashes of complete subtrees of 2^level leaves, from level 1 up; level 0 is entries.leaf_hash.
create table custody.nodes (
  level smallint not null check (level >= 1),
  n bigint not null check (n >= 0),
  hash bytea not null check (octet_length(hash) = 32),
  primary key (level, n)
);

create table custody.checkpoints (
  size bigint primary key check (size >= 0),
  note text not null
);

-- What opens the commitments, sealed under the key of its subject: a chain id, or 'person:' and a person's opaque id.
create table custody.openings (
  index bigint not null references custody.entries,
  subject text not null,
  sealed bytea not null,
  primary key (index, subject)
);
create index on custody.openings (subject);

create function custody.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'custody.% is append-only: % refused', tg_table_name, lower(tg_op);
end $$;

create trigger append_only before update or delete on custody.entries for each row execute function custody.refuse_change();
create trigger append_only before update or delete on custody.nodes for each row execute function custody.refuse_change();
create trigger append_only before update or delete on custody.checkpoints for each row execute function custody.refuse_change();
-- An opening may be deleted, since erasure is that; it may never be exchanged.
create trigger append_only before update on custody.openings for each row execute function custody.refuse_change();
create trigger no_truncate before truncate on custody.entries for each statement execute function custody.refuse_change();
create trigger no_truncate before truncate on custody.nodes for each statement execute function custody.refuse_change();
create trigger no_truncate before truncate on custody.checkpoints for each statement execute function custody.refuse_change();
create trigger no_truncate before truncate on custody.openings for each statement execute function custody.refuse_change();

-- ALWAYS: they also fire where session_replication_role would silence ordinary triggers.
alter table custody.entries enable always trigger append_only, enable always trigger no_truncate;
alter table custody.nodes enable always trigger append_only, enable always trigger no_truncate;
alter table custody.checkpoints enable always trigger append_only, enable always trigger no_truncate;
alter table custody.openings enable always trigger append_only, enable always trigger no_truncate;

-- Where the operator made a role for the service beforehand, it gets what the service does and no more.
do $grants$
begin
  if exists (select from pg_roles where rolname = 'custos_service') then
    grant usage on schema custody to custos_service;
    grant select, insert on custody.entries, custody.nodes, custody.checkpoints to custos_service;
    grant select, insert, delete on custody.openings, custody.pending to custos_service;
    grant select, update on custody.head to custos_service;
  end if;
end $grants$;
