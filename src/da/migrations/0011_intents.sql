-- What is about to be sent to a chain without nonces, before it is sent.
create table w3bstream.intents (
  key        text primary key,
  project_id numeric(20) not null,
  -- JSON of what was signed, and how it ended.
  intent     text not null,
  -- What it may cost, in the chain's smallest unit, and the UTC day of the newest try.
  cost       numeric(39) not null,
  day        date not null,
  updated_at timestamptz not null default clock_timestamp()
);
create index intents_cost on w3bstream.intents (project_id, day);
