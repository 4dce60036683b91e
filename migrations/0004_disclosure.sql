create schema disclosure;

-- A demand, as it was filed and as it was judged.
create table disclosure.requests (
  request_id     text primary key,
  agency_id      text not null,
  exhibit_number text not null,
  subject        text not null,
  filed          jsonb not null,
  state          text not null check (state in ('permitted', 'refused')),
  decision       text not null,
  approved_by    text[] not null default '{}',
  downloads      integer not null default 0,
  chain          text not null,
  req            text not null unique,
  expires_at     timestamptz not null,
  created_at     timestamptz not null default now()
);

-- A redacted copy: made once for an exhibit and a set of obligations, and kept. An exhibit of its own that points to its root.
create table disclosure.derivatives (
  exhibit_number      text primary key,
  root_exhibit_number text not null,
  agency_id           text not null,
  recipe              text not null,
  clip_ref            text not null,
  sha256              text not null,
  len                 bigint not null,
  plan                text not null,
  manifest            text not null,
  certificate         text not null,
  req                 text not null unique,
  created_at          timestamptz not null default now(),
  unique (root_exhibit_number, recipe)
);

-- A release to one recipient.
create table disclosure.disclosures (
  disclosure_id  text primary key,
  request_id     text not null references disclosure.requests,
  agency_id      text not null,
  state          text not null check (state in ('queued', 'running', 'ready', 'failed', 'review')),
  stage          text not null default 'queued',
  progress       integer not null default 0,
  derivative     text references disclosure.derivatives,
  package_ref    text,
  package_sha256 text,
  package_len    bigint,
  chain          text not null,
  req            text not null unique,
  failure        text,
  reviewed_by    text,
  review_reason  text,
  expires_at     timestamptz not null,
  created_at     timestamptz not null default now()
);
create index disclosures_by_request on disclosure.disclosures (request_id);
