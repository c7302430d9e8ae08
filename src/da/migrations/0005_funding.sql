-- When the fund stage must look at the task. Until its fee is set aside its `wake_at` is null, so
-- that dispatch does not see it.
alter table w3bstream.tasks add column fund_at timestamptz;
-- Until when its fee is set aside; null: it is not, or nobody looks after it any more.
alter table w3bstream.tasks add column escrow_until timestamptz;
create index tasks_fund on w3bstream.tasks (fund_at) where fund_at is not null;
create index tasks_escrow on w3bstream.tasks (escrow_until) where escrow_until is not null;
