create schema intake;

-- What happened. The nine fields of an incident; no name of a person fits into any of them.
create table intake.incidents (
  incident_id         text primary key,
  agency_id           text not null,
  timestamp_utc       timestamptz not null,
  location_id         text not null,
  region              text not null,
  device_ids          text[] not null,
  reporter_id         text not null,
  incident_type       text not null,
  severity            text not null,
  chain_of_custody_id text not null unique,
  recorded_by         text not null,
  req                 text not null unique,
  created_at          timestamptz not null default now()
);

-- An acquired item. Two acquisitions of the same clip are two exhibits that name one sealed object.
create table intake.exhibits (
  exhibit_number text primary key,
  incident_id    text not null references intake.incidents,
  agency_id      text not null,
  region         text not null,
  clip_ref       text not null,
  sha256         text not null,
  len            bigint not null,
  media          jsonb not null,
  chain          text not null unique,
  req            text not null unique,
  retain_until   timestamptz not null,
  created_at     timestamptz not null default now()
);
create index exhibits_by_incident on intake.exhibits (incident_id);
