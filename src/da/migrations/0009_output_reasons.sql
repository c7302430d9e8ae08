-- Who said so and why, as of a task's states.
alter table w3bstream.outputs add column by text not null default '';
alter table w3bstream.outputs add column comment text not null default '';
-- Dead letters, of which there are few among many outputs.
create index outputs_dead on w3bstream.outputs (entry) where state = 'dead';
