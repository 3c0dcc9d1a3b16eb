#!/bin/bash
# Moves the API from this machine's PostgreSQL to the managed one (terraform:
# managed_database). Readers are served meanwhile; a write fails until the switch.
# Whatever goes wrong, the old database serves again, and nothing is lost.
set -euo pipefail

# shellcheck source=/dev/null
. "$(dirname "$0")/../common.sh"
load_config
# shellcheck source=/dev/null
. "$DATA_DIR/secrets.env"

[ -n "${MANAGED_DATABASE:-}" ] ||
  refuse "there is no managed database: set managed_database = true, terraform apply, and deploy once"
own_database || refuse "DATABASE_URL is set: the API is not on this machine's database"
colour=$(live_colour)
[ -n "$colour" ] || refuse "nothing serves here yet: deploy a release first"
tag=$(tag_of "$colour")
database=$(compose ps --quiet db)

count="SELECT format('SELECT %L, count(*) FROM %I', tablename, tablename)
  FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename \gexec"

old() { docker exec -i "$database" psql -qAt -v ON_ERROR_STOP=1 -U library -d "$1"; }

# Encrypted, but whose certificate it is goes unasked: Amazon signs RDS's by itself, and
# no system knows that signer. Only this network reaches the database.
place="$MANAGED_DATABASE:5432/library?sslmode=require"

# new ROLE PASSWORD COMMAND...: on the managed one, by the old one's tools.
new() {
  local role=$1
  export PGPASSWORD=$2
  docker exec -i -e PGPASSWORD -e PGUSER="$role" -e PGDATABASE=library \
    -e PGHOST="$MANAGED_DATABASE" -e PGSSLMODE=require "$database" "${@:3}"
}

# The owner's password changes every week, so the API and its migrations get roles of
# their own. The owner's is never an argument: libpq finds it in PGPASSWORD.
make_roles() {
  PGPASSWORD=$1 DATABASE_ADMIN_URL="postgres://library@$place" \
    compose run --rm -T --no-deps --env PGPASSWORD migration \
    python -m config.database_roles "It is asked of $MANAGED_DATABASE, as its owner." < /dev/null
}

# Open connections keep what was set when they were made.
set_old() {
  old postgres > /dev/null << SQL
ALTER DATABASE library $1 default_transaction_read_only $2;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'library';
SQL
}

go_back() {
  sed -i -E '/^(MIGRATION_)?DATABASE_URL=/d' "$DATA_DIR/secrets.env"
  set_old RESET ''
  echo "The move failed: the API is on this machine's database as before." >&2
}

copy() {
  docker exec "$database" pg_dump -U library --format=custom library |
    new migrator "$MIGRATOR_PASSWORD" pg_restore --dbname=library --no-owner --no-privileges \
      --clean --if-exists --single-transaction
}

read -rsp "Password of the managed database's owner: " password
echo
export TAG=$tag
make_roles "$password"

trap go_back EXIT
trap '' HUP # a lost SSH connection must not part it from its deploy
echo "Copying; from here on writes are refused."
set_old SET '= on'
copy
before=$(old library <<< "$count")
after=$(new api "$API_PASSWORD" psql -qAt <<< "$count")
[ "$before" = "$after" ] || refuse "the copy has other counts of rows than the original"
echo "$after"

cat >> "$DATA_DIR/secrets.env" << TEXT
DATABASE_URL=postgres://api:$API_PASSWORD@$place
MIGRATION_DATABASE_URL=postgres://migrator:$MIGRATOR_PASSWORD@$place
TEXT
"$LIBRARY/deploy.sh" "$tag"
trap - EXIT

# The old release may have kept an answer of the old database after the first new write.
compose exec -T "web-$(live_colour)" python manage.py invalidate
docker stop "$database" > /dev/null
echo "Done: the API is on $MANAGED_DATABASE. The old database is stopped, and whole."
