#!/bin/sh
# Creates Temporal's tables, or brings them to the version of this image. Safe to run at every start.
set -eu

SQL_PASSWORD="$(cat /run/secrets/temporal_postgres_password)"
export SQL_PASSWORD

update() {
    temporal-sql-tool --plugin postgres12 --endpoint postgres --user temporal --database "$1" setup-schema --version 0.0
    temporal-sql-tool --plugin postgres12 --endpoint postgres --user temporal --database "$1" update-schema \
        --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

update temporal temporal
update temporal_visibility visibility
