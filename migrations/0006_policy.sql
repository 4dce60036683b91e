create schema policy;

-- Every decision, so that it can be decided again: the digests name the bundle and its data, the input is canonical JSON.
create table policy.decisions (
  req          text primary key,
  rule         text not null,
  outcome      text not null,
  bundle       text not null,
  data         text not null,
  input_digest text not null,
  input        text not null,
  answer       text not null,
  decided_at   timestamptz not null default now()
);
