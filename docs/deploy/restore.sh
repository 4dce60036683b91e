#!/bin/sh
# Into an empty database of roles.sql:
#   CUSTOS_DATABASE_OWNER_URL=… restore.sh custos.dump keys.dump
# The two need not be of one moment. A key whose object the first does not know, or knows as disposed of, stays out; an object whose key the
# second does not have cannot be read, and is counted at the end.
set -eu
main="${1:?restore.sh custos.dump keys.dump}" keys="${2:?restore.sh custos.dump keys.dump}"
run() { psql -Xqt -v ON_ERROR_STOP=1 "$CUSTOS_DATABASE_OWNER_URL" -c "$1"; }
pg_restore --no-owner --single-transaction -d "$CUSTOS_DATABASE_OWNER_URL" "$main"
run 'alter table vault.object_keys drop constraint object_keys_object_id_fkey'
pg_restore --data-only --single-transaction -d "$CUSTOS_DATABASE_OWNER_URL" "$keys"
run 'delete from vault.object_keys k where not exists (select from vault.objects o where o.object_id = k.object_id and o.disposed_at is null);
  alter table vault.object_keys add constraint object_keys_object_id_fkey foreign key (object_id) references vault.objects on delete cascade'
run "select count(*) || ' objects without a key' from vault.objects o
  where disposed_at is null and not exists (select from vault.object_keys k where k.object_id = o.object_id)"
