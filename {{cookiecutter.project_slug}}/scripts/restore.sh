#!/usr/bin/env bash
# Bring a backup back: into the running server, or onto a machine that has lost its data.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=/dev/null
. "$HERE/database.sh"
work=''

# The exit code for rows that are back, and work that is left.
UNFINISHED=2

usage() {
  cat <<TEXT
Usage: restore.sh ARCHIVE [--yes]

Replaces all rows of the database by those of an archive: its name in backup.sh --list,
latest, or the path of a file. Without --yes it says what it would replace, and ends.

It happens in one transaction, and if anything fails the rows of before stay. Until its
end the API answers what is cached, and all else with 503. What is replaced is archived
in $BACKUPS first.
Then the tables are migrated for the running release, and the cache is told.
A machine without data and without a release gets the archive's secrets and release first.

Exit codes: 0 restored · 1 failed: the rows are those of before · $BUSY a deploy is running
$UNFINISHED the archive's rows are in, and the last line says what is left to do
TEXT
}

quietly() { "$@" >"$work/log" 2>&1 </dev/null; }

# Gives the archive's path; what is in the bucket is fetched.
fetch() {
  local name=$1 newest
  if [ "$name" = latest ]; then
    newest=$(archives 2>"$work/log" | tail -n 1) || fail "s3://${BACKUP_BUCKET:-} could not be listed"
    name=${newest%% *}
    [ -n "$name" ] || fail "there is no archive yet: backup.sh makes one"
  fi
  if [[ $name == */* ]]; then
    file=$name
    [ -e "$file" ] || fail "there is no file $file"
  elif [ -e "$BACKUPS/$name" ]; then file=$BACKUPS/$name
  elif [ -n "${BACKUP_BUCKET:-}" ]; then
    file=$work/$name
    quietly s3 cp --only-show-errors "s3://$BACKUP_BUCKET/$name" "$file" ||
      fail "$name did not come from s3://$BACKUP_BUCKET"
  else fail "$name is not in $BACKUPS, and BACKUP_BUCKET is not set"; fi
}

# Nothing that is damaged, and nothing that is no backup, gets further than this.
unpack() {
  local part
  quietly tar --extract --no-same-owner --file="$file" --directory="$archive" ||
    fail "$file is damaged, or no archive of backup.sh"
  for part in library.dump rows release secrets.env; do
    grep -Fqs "  $part" "$archive/SHA256SUMS" || fail "$file is no archive of backup.sh: it has no $part"
  done
  (cd -- "$archive" && quietly sha256sum --check --strict --quiet SHA256SUMS) ||
    fail "$file is damaged"
  ! grep -Evq '^[a-z0-9_]+\|[0-9]+$' "$archive/rows" || fail "$file has rows of unknown tables"
}

check_dump() {
  rows_of_dump <"$archive/library.dump" >"$work/read" 2>"$work/log" ||
    fail "the dump in $file is damaged"
  cmp -s "$work/read" "$archive/rows" || fail "the dump in $file has other rows than it says"
}

# Then its secrets unlock nothing, and the archive's may take their place.
is_new_machine() {
  [ ! -s "$STATE/releases" ] && [ -z "$(ls -A -- "$DATA_DIR/postgres" 2>/dev/null)" ]
}

start_anew() {
  mkdir -p -- "$DATA_DIR"
  cp -- "$archive/secrets.env" "$DATA_DIR/secrets.env.new"
  mv -- "$DATA_DIR/secrets.env.new" "$DATA_DIR/secrets.env"
  printf 'secrets: those of the archive\n'
  "$LIBRARY/deploy.sh" "$(cat "$archive/release")" </dev/null ||
    fail "$(cat "$archive/release") could not be deployed: deploy one that can, and restore again"
}

# side_by_side FILE FILE: rows of each table, "-" where there is none.
side_by_side() {
  LC_ALL=C join -t '|' -a 1 -a 2 -e - -o 0,1.2,2.2 "$1" "$2" |
    awk -F '|' '{ printf "  %-40s %10s %10s\n", $1, $2, $3 }'
}

# Whoever took the wrong archive can go back.
keep() {
  [ -s "$work/before" ] || return 0
  quietly "$HERE/backup.sh" --local || fail "what is there could not be archived"
  printf 'kept what was there; %s\n' "$(tail -n 1 "$work/log")"
}

drop_tables() {
  cat <<'SQL'
BEGIN;
SET LOCAL lock_timeout = '1s';
SELECT format('DROP TABLE public.%I CASCADE', tablename)
FROM pg_tables WHERE schemaname = 'public' \gexec
SQL
}

# Ends the transaction with an error unless each table has the archive's number of rows.
compare_rows() {
  awk -F '|' '{
    printf "DO $$ BEGIN IF (SELECT count(*) FROM public.%s) <> %s THEN", $1, $2
    printf " RAISE EXCEPTION '"'%s has other rows than the archive'"'; END IF; END $$;\n", $1
  }' "$archive/rows"
}

# COMMIT comes last: whatever breaks before, PostgreSQL forgets all of it.
as_one_transaction() {
  drop_tables &&
    tool pg_restore --file=- --no-owner --no-privileges --no-comments \
      <"$archive/library.dump" &&
    compare_rows &&
    echo 'COMMIT;'
}

replace() {
  { as_one_transaction | pg migrator psql -qAtX -v ON_ERROR_STOP=1; } >/dev/null 2>"$work/log" ||
    fail "nothing was replaced, the rows are those of before"
}

# The running release may be newer than the dump. Then the cache: it holds answers of rows
# that are not there any more.
finish() {
  quietly compose run --rm -T --no-deps migration python manage.py migrate --noinput ||
    fail "the rows are back, but the migration failed; deploy the release that serves" "$UNFINISHED"
  tell_cache || tell_cache || tell_cache ||
    fail "the rows are back, but the cache could not be told; restart Redis" "$UNFINISHED"
}

tell_cache() { quietly compose exec -T "web-$live" python manage.py invalidate; }

restore() {
  take_lock
  export TAG=$tag
  check_dump
  keep
  replace
  finish
  rows_now migrator >"$work/after" 2>"$work/log" || fail "the rows could not be counted" "$UNFINISHED"
  printf '%-42s %10s %10s\n' "rows" archive now
  side_by_side "$archive/rows" "$work/after"
  printf '%sdone: %s is restored%s\n' "$GREEN" "${file##*/}" "$PLAIN"
}

# Without --yes: what would be lost, and what would come.
show() {
  rows_now library >"$work/before" 2>"$work/log" || fail "the rows could not be counted"
  printf '%-42s %10s %10s\n' "rows" now archive
  side_by_side "$work/before" "$archive/rows"
}

main() {
  case "${1:-}" in -h | --help) usage; exit 0 ;; esac
  [ $# = 1 ] || { [ $# = 2 ] && [ "$2" = --yes ]; } || { usage >&2; exit 1; }
  load_settings
  make_room restore
  archive=$work/archive
  fetch "$1"
  unpack
  if is_new_machine; then
    [ $# = 2 ] || refuse "${file##*/} is whole, and this machine has no data: repeat it with --yes"
    start_anew
  fi
  load_config
  live=$(live_colour)
  [ -n "$live" ] || refuse "nothing serves here: deploy a release first"
  tag=$(tag_of "$live")
  show
  [ $# = 2 ] || refuse "nothing was touched: --yes replaces the rows of now by those of ${file##*/}"
  restore
}

main "$@"
