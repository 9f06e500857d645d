#!/bin/sh
# Runs once, when PostgreSQL makes its cluster: a role and its databases for Relance, and the same for Temporal.
# Neither can read what is the other's, and neither is a superuser.
set -eu

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set relance_password `cat "$RELANCE_PASSWORD_FILE"`
\set temporal_password `cat "$TEMPORAL_PASSWORD_FILE"`
CREATE ROLE relance LOGIN PASSWORD :'relance_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE relance OWNER relance;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE relance, temporal, temporal_visibility FROM PUBLIC;
SQL
