#!/bin/sh
# The server takes its password from the environment alone; this takes it there from its file.
set -eu

POSTGRES_PWD="$(cat /run/secrets/temporal_postgres_password)"
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
