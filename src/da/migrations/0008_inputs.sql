-- What the program reads instead of the messages' data, where the project's packer made it: a list of
-- byte strings, each led by its length as 4 bytes, little-endian. Purged with the payload.
alter table w3bstream.tasks add column input bytea;
