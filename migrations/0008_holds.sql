-- Whose law says how long to keep what was recorded of an incident. What was there before has the schedule for everywhere.
alter table intake.incidents add column jurisdiction text not null default 'default';
alter table intake.incidents alter column jurisdiction drop default;

-- The row outlives what it names, and says so.
alter table intake.exhibits add column disposed_at timestamptz;
create index exhibits_due on intake.exhibits (retain_until, exhibit_number) where disposed_at is null;
create index exhibits_living on intake.exhibits (clip_ref) where disposed_at is null;

-- A legal hold keeps an exhibit beyond its schedule. It is in force until it is lifted or lapses; the clock alone ends one that lapses,
-- and the sweep that writes it down later changes nothing.
create table intake.holds (
  hold_id        text primary key,
  exhibit_number text not null references intake.exhibits,
  case_ref       text not null,
  kind           text not null check (kind in ('request', 'preservation', 'litigation', 'court-order')),
  -- On whose behalf.
  organisation   text not null,
  reason         text not null,
  authority      jsonb,
  placed_by      text not null,
  placed_at      timestamptz not null,
  -- Null: until lifted.
  lapses_at      timestamptz,
  extensions     integer not null default 0 check (extensions >= 0),
  confirmed_by   text,
  confirmed_at   timestamptz,
  lifted_by      text,
  lifted_at      timestamptz,
  lift_reason    text,
  lift_authority jsonb,
  req            text not null unique,
  check ((confirmed_by is null) = (confirmed_at is null)),
  check ((lifted_by is null) = (lifted_at is null) and (lifted_by is null) = (lift_reason is null)),
  check (confirmed_at is null or lapses_at is null)
);
create index holds_by_exhibit on intake.holds (exhibit_number, placed_at);
create index holds_to_lapse on intake.holds (lapses_at) where lifted_at is null and lapses_at is not null;
-- Filing again never makes another hold: an organisation has one for its requests on an exhibit, counted from the first, for ever.
create unique index holds_of_requests on intake.holds (exhibit_number, organisation) where kind = 'request';
