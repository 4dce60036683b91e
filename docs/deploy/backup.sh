#!/bin/sh
# Two dumps of one moment: FOLDER/custos.dump is everything but the wrapped keys, FOLDER/keys.dump is those. FOLDER must not be there yet.
#   CUSTOS_DATABASE_OWNER_URL=… backup.sh FOLDER
# The moment is a snapshot that both share: of an object that is taken in between, neither holds anything.
set -eu
export FOLDER="${1:?backup.sh FOLDER}" CUSTOS_DATABASE_OWNER_URL
umask 077
mkdir "$FOLDER"
psql -Xq -v ON_ERROR_STOP=1 "$CUSTOS_DATABASE_OWNER_URL" <<'SQL'
set idle_in_transaction_session_timeout = 0;
begin isolation level repeatable read read only;
select pg_export_snapshot() as snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump -Fc --snapshot="$SNAPSHOT" --exclude-table-data=vault.object_keys --exclude-table-data=vault.subject_keys -f "$FOLDER/custos.part" "$CUSTOS_DATABASE_OWNER_URL" && mv "$FOLDER/custos.part" "$FOLDER/custos.dump"
\! pg_dump -Fc --snapshot="$SNAPSHOT" --data-only -t vault.object_keys -t vault.subject_keys -f "$FOLDER/keys.part" "$CUSTOS_DATABASE_OWNER_URL" && mv "$FOLDER/keys.part" "$FOLDER/keys.dump"
commit;
SQL
# psql does not say whether what it ran went well; a dump has its name only when it is whole.
test -f "$FOLDER/custos.dump" && test -f "$FOLDER/keys.dump"
