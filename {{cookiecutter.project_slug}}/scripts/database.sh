# Shared by backup.sh and restore.sh: PostgreSQL's tools, on the API's database.
# shellcheck shell=bash

# Archives on this machine. Where they belong is BACKUP_BUCKET.
# shellcheck disable=SC2034
BACKUPS=$DATA_DIR/backups

# fail "what" [EXIT CODE]: in one line, with the cause that the last command gave.
fail() {
  local cause
  cause=$(awk 'NF {line = $0} /ERROR|FATAL|error/ {found = $0}
    END {print found ? found : line}' "$work/log" 2>/dev/null || true)
  refuse "FAILED: $1${cause:+: $cause}" "${2:-1}"
}

# make_room NAME: $work is a folder that goes when the script ends. What a kill or the
# machine's end left there, rows and secrets, goes after a day.
make_room() {
  umask 077
  mkdir -p -- "$BACKUPS"
  find "$BACKUPS" -mindepth 1 -maxdepth 1 -type d -mmin +1440 -exec rm -rf -- {} +
  work=$(mktemp -d "$BACKUPS/$1.XXXXXX")
  trap 'rm -rf -- "$work"' EXIT
  mkdir -- "$work/archive"
}

# The address of a database elsewhere, as the owner of its tables.
address_elsewhere() {
  (
    # shellcheck source=/dev/null
    . "$LIBRARY/config.env"
    # shellcheck source=/dev/null
    . "$DATA_DIR/secrets.env"
    printf '%s' "${MIGRATION_DATABASE_URL:-${DATABASE_URL:-}}"
  )
}

decoded() { printf '%b' "${1//%/\\x}"; }

# To libpq's variables, because a password is never an argument.
connect_elsewhere() {
  local url parts='^postgres(ql)?://([^:@/]+):([^:@/]+)@([^:/?]+)(:([0-9]+))?/([^?]+)'
  url=$(address_elsewhere)
  [[ $url =~ $parts ]] || refuse "DATABASE_URL is not read here: accepted is postgres://USER:PASSWORD@HOST:PORT/NAME"
  PGUSER=$(decoded "${BASH_REMATCH[2]}") PGPASSWORD=$(decoded "${BASH_REMATCH[3]}")
  PGHOST=${BASH_REMATCH[4]} PGPORT=${BASH_REMATCH[6]:-5432} PGDATABASE=${BASH_REMATCH[7]}
  PGSSLMODE=prefer
  [[ ! $url =~ [?\&]sslmode=([a-z-]+) ]] || PGSSLMODE=${BASH_REMATCH[1]}
  export PGUSER PGPASSWORD PGHOST PGPORT PGDATABASE PGSSLMODE
}

# tool COMMAND...: one of PostgreSQL's tools in a container of its own.
tool() {
  compose run --rm -T --no-deps --env PGHOST --env PGPORT --env PGUSER \
    --env PGPASSWORD --env PGDATABASE --env PGSSLMODE db "$@"
}

# pg ROLE COMMAND...: one of PostgreSQL's tools, connected to the API's database. On a
# database elsewhere it has the role of the address.
pg() {
  if own_database; then
    compose exec -T --env "PGUSER=$1" --env PGDATABASE=library db "${@:2}"
  else
    (connect_elsewhere && tool "${@:2}")
  fi
}

# Rows of each table in a dump that comes in here: TABLE|ROWS. It reads all of the dump,
# so it fails for one that is damaged.
rows_of_dump() {
  tool pg_restore --data-only --file=- | awk '
    table != "" && $0 == "\\." { print table "|" rows; table = ""; next }
    table != "" { rows++; next }
    /^COPY / { table = $2; sub(/^public\./, "", table); rows = 0 }' | LC_ALL=C sort -t '|' -k 1,1
}

# rows_now ROLE: the same of the database.
rows_now() {
  pg "$1" psql -qAtX -v ON_ERROR_STOP=1 <<'SQL'
SELECT format('SELECT %L, count(*) FROM public.%I', tablename, tablename)
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename COLLATE "C" \gexec
SQL
}

# note_backup SECONDS: when the last backup was made (since 1970), for node-exporter's
# textfile collector and the alert BackupOld. Moved there, so that nobody reads half of it.
note_backup() {
  local file=$DATA_DIR/metrics/backup.prom name=library_backup_last_success_timestamp_seconds
  (
    umask 022 # node-exporter is not root
    mkdir -p -- "${file%/*}" &&
      printf '%s\n' "# HELP $name When the last backup was made." \
        "# TYPE $name gauge" "$name $1" >"$file.new" &&
      mv -- "$file.new" "$file"
  )
}

# s3 ARGUMENT...: in the bucket's region, without a word unless it fails.
s3() { aws s3 "$1" --region "${AWS_REGION:-}" "${@:2}"; }

# Archives, the newest last: NAME BYTES PLACE. Fails if the bucket can't be listed.
archives() {
  local file listed=''
  if [ -n "${BACKUP_BUCKET:-}" ]; then
    listed=$(s3 ls "s3://$BACKUP_BUCKET/") || return
    listed=$(awk -v place="s3://$BACKUP_BUCKET" '/\.tar$/ {print $4, $3, place}' <<<"$listed")
  fi
  {
    [ -z "$listed" ] || printf '%s\n' "$listed"
    for file in "$BACKUPS"/*.tar; do
      [ ! -e "$file" ] || printf '%s %s %s\n' "${file##*/}" "$(stat -c %s "$file")" "$BACKUPS"
    done
  } | LC_ALL=C sort
}
