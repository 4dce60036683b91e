-- Disposal: the data key goes first, in the act's own transaction; the object goes when its lock ends. The row stays, and says so.
alter table vault.objects
  add column held        boolean not null default false,
  add column disposed_at timestamptz,
  add column removed_at  timestamptz,
  -- The rolling look at what is stored: when it was last asked after, when last read whole, and what was amiss with it then.
  add column inspected_at timestamptz,
  add column reread_at    timestamptz,
  add column fault        text,
  add check (removed_at is null or disposed_at is not null);

-- One living object for a clip of a region; disposed ones may bear the same name.
drop index vault.objects_stored;
create unique index objects_stored on vault.objects (clip_ref, region) where stored_at is not null and disposed_at is null;
-- A reference key that two regions shared would name the clips of one in the other.
create unique index reference_checks_of_one_region on vault.reference_checks (value);
create index objects_living on vault.objects (object_id) where stored_at is not null and disposed_at is null;
create index objects_to_remove on vault.objects (retain_until) where disposed_at is not null and removed_at is null;
create index objects_to_inspect on vault.objects (inspected_at nulls first) where stored_at is not null and disposed_at is null;
create index objects_to_reread on vault.objects (reread_at nulls first) where stored_at is not null and disposed_at is null;

create index derivatives_by_clip on disclosure.derivatives (clip_ref);
create index disclosures_by_package on disclosure.disclosures (package_ref) where package_ref is not null;

create schema oversight;

-- When each sweep last ended well: one that is late is an alert.
create table oversight.sweeps (
  name         text primary key,
  started_at   timestamptz not null,
  finished_at  timestamptz,
  period_ms    bigint not null,
  -- What the last run did, for people.
  report       jsonb not null default '{}'
);

-- Exhibits whose retention has ended: reported first, so that somebody can object, and disposed of by a later sweep.
create table oversight.disposals (
  exhibit_number text primary key,
  reported_at    timestamptz not null,
  disposed_at    timestamptz
);
