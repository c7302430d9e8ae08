-- When the report stage looks at the fault; null: it needs no more report.
alter table w3bstream.faults add column report_at timestamptz default clock_timestamp();
alter table w3bstream.faults add column report_tries integer not null default 0;
-- What became of the report, or why there is none yet.
alter table w3bstream.faults add column report text not null default '';
create index faults_report on w3bstream.faults (report_at) where report_at is not null;
