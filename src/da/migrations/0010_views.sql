-- One of the task's outputs will not be done.
alter table w3bstream.tasks add column dead boolean not null default false;
update w3bstream.tasks set dead = true where serial in (
  select task_serial from (
    select distinct on (task_serial, index) task_serial, state from w3bstream.outputs
     order by task_serial, index, entry desc) o
   where state = 'dead');
-- What people are told of it; tasks are listed by it.
alter table w3bstream.tasks add column state text not null generated always as (
  case when dead or phase = 'failed' then 'failed'
       when phase = 'proved' and ended_at is not null then 'outputted'
       else phase end) stored;
drop index w3bstream.tasks_phase;
-- By -serial, which the primary key has no order of: in that all tasks would be read for a state that
-- few are in.
create index tasks_state on w3bstream.tasks (state, (-serial));
create index tasks_project on w3bstream.tasks (project_id, state, (-serial));
create index task_states_failed on w3bstream.task_states (entry) where state = 'failed';

-- Counts of tasks and of their messages are sums over these rows. Each change appends, so that nobody
-- waits for a row; now and then all are summed up into few.
create table w3bstream.task_tally (
  project_id bigint not null,
  state text not null,
  tasks bigint not null,
  messages bigint not null
);
insert into w3bstream.task_tally
  select project_id, state, count(*), sum(message_count) from w3bstream.tasks group by 1, 2;
create function w3bstream.tally_task() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    insert into w3bstream.task_tally
    values (old.project_id, old.state, -1, -old.message_count),
           (new.project_id, new.state, 1, new.message_count);
  else
    insert into w3bstream.task_tally values (new.project_id, new.state, 1, new.message_count);
  end if;
  return null;
end $$;
create trigger tasks_added after insert on w3bstream.tasks
  for each row execute function w3bstream.tally_task();
create trigger tasks_moved after update of phase, ended_at, dead on w3bstream.tasks
  for each row when (old.state is distinct from new.state) execute function w3bstream.tally_task();
