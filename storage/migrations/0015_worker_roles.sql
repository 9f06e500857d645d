-- Workers may share out what there is to do; together they have to do all of it. NULL: a worker without versioning.
ALTER TABLE worker_heartbeats
    ADD COLUMN roles text[] NOT NULL DEFAULT '{workflows,sending,upkeep}',
    ADD COLUMN build_id text;
