-- What ended of late is looked at again when the chain reorganises deeply.
create index tasks_ended on w3bstream.tasks (ended_at) where ended_at is not null;
