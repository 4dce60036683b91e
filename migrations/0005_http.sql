create schema http;

-- A key names one act of one subject. The row is written in the act's own transaction, so a key exists exactly when its act does.
create table http.idempotency_keys (
  subject     text not null,
  key         text not null,
  operation   text not null,
  fingerprint text not null,
  resource    text not null,
  created_at  timestamptz not null default now(),
  primary key (subject, key)
);
