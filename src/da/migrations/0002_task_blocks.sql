-- Who keeps the blocks of tasks finds here those whose time is over.
create index tasks_purged on w3bstream.tasks (purged_at, serial) where purged_at is not null;
