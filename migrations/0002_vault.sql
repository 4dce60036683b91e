create schema vault;

-- One row for each sealed object. It is written before the object is put (stored_at is null: an intent), so that whatever a crash
-- leaves in the object store is still known here. The plain SHA-256 is not in it: digest_box holds it under the object's data key.
create table vault.objects (
  object_id     text primary key check (object_id ~ '^[0-9a-f]{32}$'),
  clip_ref      text not null check (clip_ref ~ '^[a-z2-7]{52}$'),
  region        text not null,
  role          text not null,
  len           bigint not null check (len > 0),
  sealed_len    bigint not null check (sealed_len > len),
  sealed_sha256 text not null check (sealed_sha256 ~ '^[0-9a-f]{64}$'),
  digest_box    bytea not null,
  object_key    text not null,
  version_id    text,
  retain_until  timestamptz not null,
  created_at    timestamptz not null default now(),
  stored_at     timestamptz,
  check ((stored_at is null) = (version_id is null))
);
-- The same clip is one object, however often it is acquired.
create unique index objects_stored on vault.objects (clip_ref) where stored_at is not null;
create index objects_pending on vault.objects (created_at) where stored_at is null;
create index objects_by_key on vault.objects (region, object_key);

-- Wrapped data keys stand apart from what they open, so that they can have backups of their own that expire soon.
-- Whoever deletes a row here has destroyed the object.
create table vault.object_keys (
  object_id text primary key references vault.objects on delete cascade,
  wrapped   bytea not null
);

-- Keys of ledger openings. A subject has one, or a few when transactions met at its first act; erasing it deletes them all.
create table vault.subject_keys (
  key_id     text primary key check (key_id ~ '^[0-9a-f]{32}$'),
  subject    text not null,
  wrapped    bytea not null,
  created_at timestamptz not null default now()
);
create index subject_keys_by_subject on vault.subject_keys (subject, created_at);

-- What the never-rotated reference key of a region makes of a fixed value: another key is noticed before it names anything.
create table vault.reference_checks (
  region     text primary key,
  value      text not null,
  created_at timestamptz not null default now()
);
