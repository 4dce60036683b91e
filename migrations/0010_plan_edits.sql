-- A person's edits of the redaction plan of a request, one row an edit; the plan that detectors made stands with its derivative.
-- Whoever prepares another copy for the request takes the newest.
create table disclosure.plan_versions (
  request_id    text not null references disclosure.requests,
  version       integer not null check (version >= 1),
  -- Canonical JSON, and its digest.
  plan          text not null,
  sha256        text not null,
  -- The plan that was edited.
  parent_sha256 text not null,
  -- Canonical JSON of who asked what and why; the entry `redaction.planned` commits to its digest.
  edit          text not null,
  edited_by     text not null,
  req           text not null unique,
  created_at    timestamptz not null default now(),
  primary key (request_id, version)
);
insert into service_grants (relation, privileges) values
  ('disclosure.plan_versions', 'select, insert');
