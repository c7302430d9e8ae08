-- What znodes signed under their leases; the first of each kind counts. Written with the state that
-- it led to, so that there is a task for each.
create table w3bstream.statements (
  task_serial bigint not null,
  epoch bigint not null,
  kind text not null check (kind in ('acceptance', 'claim')),
  prover bytea not null check (octet_length(prover) = 20),
  -- Body, evidence and signature, as `signed_bytes.ts` packs them.
  bytes bytea not null check (octet_length(bytes) <= 1024),
  primary key (task_serial, epoch, kind, prover)
);

-- Append-only, but for what is too old. One of a kind for each lease, so that nobody fills it.
create table w3bstream.faults (
  id bigserial primary key,
  kind text not null check (kind in ('equivocation', 'invalid-proof')),
  prover bytea not null check (octet_length(prover) = 20),
  task_hash bytea not null check (octet_length(task_hash) = 32),
  epoch bigint not null,
  -- JSON of the fault as it is shown.
  fault text not null check (octet_length(fault) <= 262144),
  at timestamptz not null default clock_timestamp(),
  unique (prover, task_hash, epoch, kind)
);
create index faults_at on w3bstream.faults (at);
