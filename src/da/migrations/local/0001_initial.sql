-- What a znode remembers, as in the tables of the same names on PostgreSQL. Numbers of 256 bits
-- are decimal text.

create table journal (
  key text primary key,
  chain_id text not null,
  sender text not null,
  nonce integer not null check (nonce >= 0),
  state text not null default 'intended'
    check (state in ('intended', 'sent', 'confirmed', 'replaced', 'abandoned')),
  request text not null,
  -- a JSON list
  hashes text not null default '[]',
  -- ms since 1970
  updated_at integer not null
) strict;
create unique index journal_nonce on journal (chain_id, sender, nonce)
  where state in ('intended', 'sent', 'confirmed');

create table gas_spent (
  project_id integer not null,
  day text not null,
  wei text not null,
  primary key (project_id, day)
) strict, without rowid;

create table chain_cursors (
  contract text primary key,
  block integer not null,
  hash text not null
) strict, without rowid;

create table projects (
  contract text not null,
  id integer not null,
  uri text not null,
  hash text not null,
  paused integer not null,
  block integer not null,
  primary key (contract, id)
) strict, without rowid;
