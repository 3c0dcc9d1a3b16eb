#!/usr/bin/env bash
# Put the database, the secrets and the settings into one archive, and that into a bucket.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=/dev/null
. "$HERE/database.sh"
work=''

# So many archives stay on this machine, where there is no bucket.
KEPT=3
# The exit code of a backup that is on this machine only.
NOT_SENT=2

usage() {
  cat <<TEXT
Usage: backup.sh [--local | --list]

Makes an archive of the database, as it is at one moment, and of secrets.env and
config.env. It goes to the bucket BACKUP_BUCKET (config.env). Without one, or with
--local, it stays in $BACKUPS, which keeps the last $KEPT.
--list: the archives that there are, the newest last. restore.sh takes their names.

Exit codes: 0 made · 1 failed: there is no new archive
$NOT_SENT made and kept on this machine, because the bucket did not take it
TEXT
}

# What is noted of the dump is read back from it: that is what a restore will find.
collect() {
  local into=$work/archive
  pg library pg_dump --format=custom >"$into/library.dump" 2>"$work/log" ||
    fail "the database could not be dumped"
  rows_of_dump <"$into/library.dump" >"$into/rows" 2>"$work/log" ||
    fail "the dump could not be read back"
  [ -s "$into/rows" ] || refuse "FAILED: the database has no tables yet: deploy a release first"
  cp -- "$LIBRARY/config.env" "$DATA_DIR/secrets.env" "$into"
  printf '%s\n' "$release" >"$into/release"
}

pack() {
  { (cd -- "$work/archive" && sha256sum -- * >../SHA256SUMS) &&
    mv -- "$work/SHA256SUMS" "$work/archive" &&
    tar --create --file="$work/new.tar" --directory="$work/archive" . &&
    mv -- "$work/new.tar" "$file"; } 2>"$work/log" || fail "$file could not be written"
}

send() {
  s3 cp --only-show-errors "$file" "s3://$BACKUP_BUCKET/" 2>"$work/log" ||
    fail "s3://$BACKUP_BUCKET did not take it, and it stays in $file" "$NOT_SENT"
  report || printf 'CloudWatch did not take the size: %s\n' "$(tail -n 1 "$work/log")" >&2
  rm -f -- "$file"
}

# An alarm can notice when this does not come.
report() {
  aws cloudwatch put-metric-data --region "${AWS_REGION:-}" --namespace Library \
    --metric-name BackupBytes --unit Bytes --value "$(stat -c %s "$file")" \
    --dimensions "Bucket=$BACKUP_BUCKET" 2>"$work/log"
}

forget_old() {
  local files=("$BACKUPS"/*.tar)
  while [ "${#files[@]}" -gt "$KEPT" ]; do
    rm -f -- "${files[0]}"
    files=("${files[@]:1}")
  done
}

backup() {
  local place=$BACKUPS
  load_config
  make_room new
  release=$(stable_tag)
  file=$BACKUPS/$(date -u +%Y-%m-%dT%H%M%SZ)-${release:=none}.tar
  collect
  pack
  if [ "$1" = send ] && [ -n "${BACKUP_BUCKET:-}" ]; then
    send
    place=s3://$BACKUP_BUCKET
  fi
  [ "$1" = keep ] || note_backup "$(date +%s)" 2>"$work/log" ||
    printf 'Prometheus is not told of it: %s\n' "$(tail -n 1 "$work/log")" >&2
  forget_old
  cat -- "$work/archive/rows"
  printf 'made: %s in %s\n' "${file##*/}" "$place"
}

case "$#${1:-}" in
  0) backup send ;;
  1--local) backup keep ;;
  1--list)
    load_settings
    archives || refuse "s3://$BACKUP_BUCKET could not be listed" ;;
  1-h | 1--help) usage ;;
  *) usage >&2; exit 1 ;;
esac
