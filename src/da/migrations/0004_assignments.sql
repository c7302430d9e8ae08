-- Append-only: who got which lease of a task, and who was passed over, as the operator signed it.
create table w3bstream.assignments (
  task_serial bigint not null references w3bstream.tasks,
  epoch bigint not null check (epoch > 0),
  prover bytea not null check (octet_length(prover) = 20),
  seed_block bigint not null check (seed_block >= 0),
  seed_hash bytea not null check (octet_length(seed_hash) = 32),
  rank bigint not null check (rank >= 0),
  skipped text not null,
  batch text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (task_serial, epoch)
);
