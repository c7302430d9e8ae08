-- In a schema of its own: Sprout's tables `messages` and `tasks` may live in the same database.

create table w3bstream.tasks (
  -- Only for GET /task/:project_id/:task_id; everywhere else a task is named by its hash.
  serial bigserial primary key,
  task_hash bytea not null unique check (octet_length(task_hash) = 32),
  chain_id numeric(78, 0) not null,
  router bytea not null check (octet_length(router) = 20),
  project_id bigint not null check (project_id > 0),
  version text not null,
  program_id bytea not null check (octet_length(program_id) = 32),
  messages_root bytea not null check (octet_length(messages_root) = 32),
  input_commitment bytea not null check (octet_length(input_commitment) = 32),
  nonce numeric(78, 0) not null,
  signature bytea not null check (octet_length(signature) = 65),
  -- Null once the task's payload is purged: with a guess of the data it would confirm the guess.
  input_salt bytea,
  message_count integer not null check (message_count > 0),
  phase text not null default 'packed' check (phase in ('packed', 'dispatched', 'proved', 'failed')),
  -- The dispatcher's own state, JSON; null until dispatch touches the task.
  machine text,
  revision integer not null default 0,
  -- When dispatch must look at the task; null when it is done.
  wake_at timestamptz default clock_timestamp(),
  driver text,
  packed_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  purged_at timestamptz
);

-- `claim` reads its head: flat however many tasks are queued.
create index tasks_wake on w3bstream.tasks (wake_at) where wake_at is not null;
create index tasks_purge on w3bstream.tasks (project_id, version, ended_at)
  where ended_at is not null and purged_at is null;
create index tasks_phase on w3bstream.tasks (phase);
alter table w3bstream.tasks set (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000
);

-- A driver of tasks and until when it may be taken as alive: one row to renew, not one a task.
create table w3bstream.drivers (
  name text primary key,
  live_until timestamptz not null
);

create table w3bstream.messages (
  -- UUIDv7, made by the node.
  id uuid primary key,
  project_id bigint not null check (project_id > 0),
  project_version text not null,
  client_id text not null,
  group_key text not null,
  -- Data and salt are null once purged.
  data bytea,
  size integer not null,
  salt bytea check (octet_length(salt) = 32),
  -- Leaf of the task's tree, from packing on; outlives the data.
  hash bytea check (octet_length(hash) = 32),
  idempotency_key text,
  received_at timestamptz not null default now(),
  task_serial bigint references w3bstream.tasks,
  task_index integer,
  check ((task_serial is null) = (task_index is null)),
  check (task_serial is null or hash is not null),
  check ((data is null) = (salt is null)),
  check (data is not null or task_serial is not null)
);

-- Unpacked messages are found by state: ids are not committed in their order.
create index messages_unpacked
  on w3bstream.messages (project_id, project_version, group_key, id) include (size, received_at)
  where task_serial is null;
create unique index messages_task on w3bstream.messages (task_serial, task_index)
  where task_serial is not null;
create unique index messages_idempotency
  on w3bstream.messages (project_id, client_id, idempotency_key)
  where idempotency_key is not null;
-- Packing leaves a dead entry in the unpacked index for each message.
alter table w3bstream.messages set (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 5000
);

-- Append-only.
create table w3bstream.task_states (
  entry bigserial primary key,
  task_serial bigint not null references w3bstream.tasks,
  state text not null,
  at timestamptz not null default clock_timestamp(),
  by text not null,
  comment text not null,
  result text not null
);
create index task_states_task on w3bstream.task_states (task_serial, entry);

-- Append-only.
create table w3bstream.receipts (
  entry bigserial primary key,
  task_serial bigint not null references w3bstream.tasks,
  prover bytea not null check (octet_length(prover) = 20),
  vm_type text not null,
  program_id bytea not null,
  image_id bytea not null,
  binding_kind text not null,
  public_values bytea not null,
  proof bytea not null,
  verdict text not null check (verdict in ('valid', 'unverifiable')),
  verified_at timestamptz not null default clock_timestamp(),
  unique (task_serial, prover)
);

-- Append-only: a retry appends an attempt, a reorg appends a return to an earlier state.
create table w3bstream.outputs (
  entry bigserial primary key,
  task_serial bigint not null references w3bstream.tasks,
  index integer not null,
  attempt integer not null,
  state text not null,
  reference text not null,
  at timestamptz not null default clock_timestamp()
);
create index outputs_task on w3bstream.outputs (task_serial, index, entry);

-- Transactions that this node intends to send or has sent.
create table w3bstream.journal (
  key text primary key,
  chain_id numeric(78, 0) not null,
  sender bytea not null check (octet_length(sender) = 20),
  nonce bigint not null check (nonce >= 0),
  state text not null default 'intended'
    check (state in ('intended', 'sent', 'confirmed', 'replaced', 'abandoned')),
  request text not null,
  hashes text[] not null default '{}',
  updated_at timestamptz not null default clock_timestamp()
);
create unique index journal_nonce on w3bstream.journal (chain_id, sender, nonce)
  where state in ('intended', 'sent', 'confirmed');

create table w3bstream.gas_spent (
  project_id bigint not null,
  day date not null,
  wei numeric(78, 0) not null,
  primary key (project_id, day)
);

-- The chain's view of projects, and how far it was read.
create table w3bstream.chain_cursors (
  contract text primary key,
  block bigint not null,
  hash bytea not null
);

create table w3bstream.projects (
  contract text not null,
  id bigint not null,
  uri text not null,
  hash bytea not null,
  paused boolean not null,
  block bigint not null,
  primary key (contract, id)
);
