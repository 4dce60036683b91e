#!/bin/sh
# Runs once, in the database's own container, when its volume is empty.
set -eu
psql -v ON_ERROR_STOP=1 -v migrator_password="$MIGRATOR_PASSWORD" -v service_password="$SERVICE_PASSWORD" \
  --username "$POSTGRES_USER" --dbname postgres --file /deploy/roles.sql
