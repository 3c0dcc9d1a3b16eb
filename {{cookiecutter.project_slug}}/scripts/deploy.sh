#!/usr/bin/env bash
# Put a release beside the running one, and readers on it once it proved healthy.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
# What people read goes to these, also from within a command whose output is redirected.
exec 3>&1 4>&2

# The old release goes on this long after the switch: what the proxy took in just
# before must have reached it.
DRAIN_SECONDS=3
CRASHES=2
# A release that answers its check, and so often in a row not with 200, is not starting.
BAD_ANSWERS=3
# The old release goes on beside the new one for so long: if it is watched, and has to
# serve again. 0: for no time.
BAKE_SECONDS=${BAKE_SECONDS:-30}
MIGRATION=library-migration
# How the migration's container says that the settings are to blame (sysexits.h).
BAD_SETTINGS=78
# MiB that must be free on the data volume.
LEAST_ROOM=64

usage() {
  cat <<TEXT
Usage: deploy.sh TAG

Deploys the image REGISTRY:TAG (REGISTRY from config.env) and loses no request:
the new release starts beside the old one, and the proxy switches when it is healthy.
Whatever fails, the old release goes on serving. Run it again after any accident.
Ctrl-C takes back what was begun; a lost SSH connection does not stop it.

Exit codes: 0 deployed · 1 refused or failed, the old release serves · $BUSY another deploy is running
TEXT
}

# Where the deploy was started from may be gone: it goes on without.
say() { printf '%s  %s\n' "$(date +%T)" "$1" >&3 || true; }

# One line of cause, then the last line that explains it.
fail() {
  trap '' INT TERM
  settled=yes
  printf '%s%s  FAILED: %s%s\n' "$RED" "$(date +%T)" "$1" "$PLAIN" >&4 || true
  [ -z "${2:-}" ] || printf '          last log line: %s\n' "$2" >&4 || true
  take_back
  exit 1
}

# The release itself is at fault: no rollback returns to it.
reject() {
  if [ -z "$live" ] || [ "$tag" != "$(tag_of "$live")" ]; then set_verdict "$tag" "$1" || true; fi
  fail "$@"
}

on_exit() {
  [ "${settled:-}" = yes ] || fail "stopped unexpectedly (exit code $1)" "$(last_line)"
}

# Whoever ends this script gets a reason and the old release; nobody's absence ends it.
stand_guard() {
  trap 'on_exit $?' EXIT
  trap 'fail interrupted "$(last_line)"' INT TERM
  trap '' HUP PIPE
  exec </dev/null
}

# Leave the machine as it was before this deploy.
take_back() {
  [ -n "${next:-}" ] || return 0
  [ "${switched:-}" != yes ] || [ -z "$live" ] || switch_back
  if [ -n "$live" ] && [ "$(live_colour)" = "$next" ]; then
    say "the proxy did not go back: readers are at $tag ($next), and $live runs on beside it"
    return
  fi
  compose rm --stop --force "web-$next" >/dev/null 2>&1 || true
  if [ -n "$live" ]; then say "still serving: $(tag_of "$live") ($live)"
  else say "nothing was serving before, and nothing is now"; fi
}

# Requests that the new release took in meanwhile end there, as the old one's would.
switch_back() {
  local try
  for try in 1 2 3; do
    if route_to "$live"; then sleep "$DRAIN_SECONDS"; return; fi
    say "the proxy did not go back to $live (try $try): $(last_line)"
    sleep 1
  done
}

# The last line that is not blank.
last_of() { awk 'NF {line = $0} END {print line}' "$@" 2>/dev/null || true; }
last_line() { last_of "$STATE/last.log"; }

# quietly COMMAND...: its output goes to last.log, to be quoted if it fails.
quietly() { "$@" >"$STATE/last.log" 2>&1; }

# --no-recreate: a deploy never restarts the database under the running release.
start_services() {
  local services=(redis)
  if own_database; then services+=(db); fi
  say "checking ${services[*]}"
  quietly compose up --detach --no-recreate --wait "${services[@]}" ||
    fail "the database or the cache did not start" "$(last_line)"
  admit_to_redis
}

# PostgreSQL's WAL grows by files of 16 MB: a small write may still find room on a disk that
# has none for the next file.
check_room() {
  local left
  left=$(df --output=avail --block-size=1M "$DATA_DIR" | tail -n 1)
  [ "$left" -ge "$LEAST_ROOM" ] ||
    fail "$DATA_DIR has ${left// /} MiB left, and a release needs $LEAST_ROOM: delete something, or let the volume grow"
}

# A release may need a secret that no release before it had.
add_secrets() { quietly "$HERE/first-boot.sh" || fail "secrets could not be added" "$(last_line)"; }

# A Redis from before passwords runs on for the old release, and has to know the new one.
# Any other refuses this.
admit_to_redis() {
  sed -n 's/^REDIS_PASSWORD=\(.*\)/ACL SETUSER library on >\1 ~* +@all/p' "$DATA_DIR/secrets.env" |
    quietly compose exec -T redis redis-cli || true
}

# A deploy that was killed may have left its migration at work: let it end.
await_stray_migration() {
  docker inspect "$MIGRATION" >/dev/null 2>&1 || return 0
  say "waiting for the migration of a deploy that was killed"
  timeout 300 docker wait "$MIGRATION" >/dev/null || true
  docker rm --force "$MIGRATION" >/dev/null 2>&1 || true
}

# Before the switch: the old release must be able to live with the new tables.
migrate() {
  local code=0
  await_stray_migration
  say "migrating the database"
  run_migration "
    python -m config.settings || exit $BAD_SETTINGS
    python -m config.database_roles &&
    python -m config.wait_for_database &&
    { ! python manage.py migrate --check >&2 || echo 'nothing to migrate'; }" || code=$?
  case $code in
    0) ;;
    "$BAD_SETTINGS") fail "$tag refuses a setting, in config.env or Parameter Store" "$(last_line)" ;;
    *) fail "the migration failed" "$(last_line)" ;;
  esac
  ! grep -Fqx "nothing to migrate" "$STATE/last.log" || return 0
  keep_rows
  run_migration 'python manage.py migrate --noinput' || fail "the migration failed" "$(last_line)"
}

run_migration() {
  quietly compose run --rm -T --no-deps --name "$MIGRATION" migration sh -c "$1"
}

# A migration is not taken back, so its way back is a backup. Where the bucket does not
# take it, it stays on this machine.
keep_rows() {
  local status=0
  [ -n "$live" ] || return 0
  say "backing the database up, because there is something to migrate"
  quietly "$HERE/backup.sh" || status=$?
  case "$status" in
    0) ;;
    2) say "$(last_line)" ;;
    *) fail "the backup before the migration failed" "$(last_line)" ;;
  esac
}

# An engine that restarts in the middle of a deploy leaves containers that Compose does not
# know, with the name that it needs.
remove_strays() {
  docker ps --all --quiet --filter "name=library-web-$next" | xargs -r docker rm --force
}

start_release() {
  say "starting $tag as $next (live: ${live:-nothing})"
  quietly remove_strays || fail "what a deploy left can't be removed" "$(last_line)"
  quietly compose up --detach --no-deps --force-recreate "web-$next" ||
    fail "the container did not start" "$(last_line)"
}

# A line of JSON is a request or an event, and no reason.
last_words() {
  docker logs --tail 50 "$(container_of "web-$next")" 2>&1 | sed '/^{/d; s/^ *//' | last_of
}
last_check() { inspect "$next" '{{range .State.Health.Log}}{{.Output}}{{end}}' | last_of; }

# give_up_after N: if the new release has crashed so often.
give_up_after() {
  local restarts
  restarts=$(inspect "$next" '{{.RestartCount}}')
  [ "${restarts:-0}" -lt "$1" ] || reject "$tag crashes at start" "$(last_words)"
}

# Answers of the last checks that were not 200. No answer is none: it may be starting.
bad_answers() {
  inspect "$next" '{{range .State.Health.Log}}{{println .Output}}{{end}}' | grep -c '^[1345][0-9][0-9] ' || true
}

# Docker decides, after HEALTH_SECONDS and three checks at the latest. To ask takes time of
# the processor that the release needs to start.
wait_until_healthy() {
  local health=starting
  while [ "$health" = starting ] || [ "$health" = restarting ]; do
    sleep 2
    give_up_after "$CRASHES"
    health=$(state_of "$next")
    [ "$(bad_answers)" -lt "$BAD_ANSWERS" ] || health=unhealthy
  done
  case "$health" in
    healthy) say "$tag is healthy"; return ;;
    missing) fail "the container of $tag is gone" ;;
  esac
  # Docker says so, too, of what has just crashed.
  give_up_after 1
  reject "$tag is $health, its check says: $(last_check)" "$(last_words)"
}

# The Caddyfile is the release's own, and each colour keeps one: going back brings the old
# one back. Written beside and moved over, so that the proxy never reads half a file.
write_caddyfile() {
  local file=$DATA_DIR/proxy/Caddyfile
  if [ "$1" != "$live" ] || [ ! -f "$file.$1" ]; then
    cp -- "$HERE/proxy/Caddyfile" "$file.$1" || return
  fi
  cp -- "$file.$1" "$file.new" && mv -- "$file.new" "$file"
}

# Which colour serves is in a file that Caddy reads for each request. So a switch takes no
# reload, which would drop connections whose request it has not read yet.
write_upstream() {
  local file=$DATA_DIR/proxy/upstream
  cat >"$file.new" <<CADDY && mv -- "$file.new" "$file.caddy"
# Written by deploy.sh.
(colour) {
	respond /colour {file./etc/caddy/colour}
}
(app) {
	reverse_proxy web-{file./etc/caddy/colour}:8000 {
		# Only what never reached the API is tried again, so no write happens twice.
		lb_try_duration 5s
		# A kept connection may be closed by the API just as a request is put on it.
		transport http {
			keepalive off
		}
	}
}
$(site_of "$1") {
	import readers
}
CADDY
}

write_proxy() { write_caddyfile "$1" && write_upstream "$1"; }

point_to() {
  local file=$DATA_DIR/proxy/colour
  printf %s "$1" >"$file.new" && mv -- "$file.new" "$file"
}

# The reload changes nothing, and drops nothing, unless the release has a Caddyfile or an
# address of its own.
route_to() {
  quietly write_proxy "$1" &&
    quietly compose up --detach --no-recreate caddy &&
    quietly compose exec -T caddy \
      caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile &&
    quietly point_to "$1"
}

# The list, the cache and a write, as a reader would ask, before a reader does.
smoke_test() {
  say "using $tag as a reader would"
  quietly compose exec -T "web-$next" python -m config.smoke_test ||
    reject "$tag can't be used" "$(last_line)"
}

# What no check asks for, readers find.
bake() {
  local end=$((SECONDS + BAKE_SECONDS)) all bad
  [ -n "$live" ] || return 0
  say "watching what readers get for $BAKE_SECONDS s"
  while [ "$SECONDS" -lt "$end" ]; do
    sleep 2
    read -r all bad <<<"$(answers_since "$switched_at")"
    ! rose "$all" "$bad" "$all_before" "$bad_before" || reject "$tag fails readers: $bad of $all answers are 5xx (before: $bad_before of $all_before)" "$(last_words)"
  done
}

switch_proxy() {
  read -r all_before bad_before <<<"$(answers_since 60s)"
  switched_at=$(date -u +%FT%T.%NZ)
  say "switching the proxy to $next"
  switched=yes
  route_to "$next" || fail "the proxy did not take its new configuration" "$(last_line)"
}

check_proxy() {
  local answer
  answer=$(ask_proxy 2>"$STATE/last.log") ||
    fail "$tag does not answer through the proxy" "$(last_line)"
  [ "$(proxy_colour)" = "$next" ] || fail "the proxy does not send readers to $next"
  [[ $answer == *"\"release\":\"$tag\""* ]] ||
    reject "the proxy's answer is not from $tag: build it with --build-arg RELEASE=$tag" "$answer"
  # A first certificate takes a moment.
  quietly ask_as_reader 30 ||
    fail "readers get no answer at $(public_url)${DOMAIN:+: does its A record point here?}" "$(last_line)"
}

# Written beside and moved over: on a full disk the old list stays whole.
note_stable() {
  set_verdict "$tag" || return
  [ "$(stable_tag)" != "$tag" ] || return 0
  { history && echo "$tag"; } >"$STATE/releases.new" &&
    mv -- "$STATE/releases.new" "$STATE/releases"
}

# From the note on nothing is taken back: the new release serves, and proved it.
keep_release() {
  trap '' INT TERM
  quietly note_stable || fail "$STATE can't be written" "$(last_line)"
  settled=yes
  quietly docker tag "$REGISTRY:$tag" "$REGISTRY:stable" ||
    say "the image did not get the tag stable: $(last_line)"
  if [ -n "$live" ]; then
    say "stopping $live after its last requests"
    sleep "$DRAIN_SECONDS"
    quietly compose stop "web-$live" || say "$live did not stop: $(last_line)"
  fi
  # The old release is gone: now a cache with other settings may take the old one's place.
  quietly compose up --detach --no-deps redis || say "the cache did not start: $(last_line)"
}

# The disk is small: of our own images and their scripts, only those that a rollback may
# need stay.
forget_old_releases() {
  local keep image folder
  keep=$(good_releases | tail -n 5; tag_of blue; tag_of green; echo stable; echo "$tag")
  docker image ls --format '{{.Tag}}' "$REGISTRY" | while read -r image; do
    grep -Fqx -- "$image" <<<"$keep" || docker image rm "$REGISTRY:$image" >/dev/null 2>&1 || true
  done || say "old images stay: Docker does not list them"
  for folder in "$LIBRARY"/releases/*; do
    grep -Fqx -- "${folder##*/}" <<<"$keep" || rm -rf -- "$folder" || true
  done
}

main() {
  case "${1:-}" in -h | --help) usage; exit 0 ;; esac
  [ $# = 1 ] || { usage >&2; exit 1; }
  tag=$1
  [[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] ||
    refuse "'$tag' is no image tag: accepted are letters, digits, _ . - (a commit's hash, say)"
  [ "$tag" != stable ] || refuse "'stable' names what proved healthy, not a release: use health-checker.sh --rollback"
  load_config
  export TAG=$tag
  take_lock
  stand_guard
  check_room
  live=$(live_colour)
  next=$(other_colour "${live:-green}")
  # A deploy that was killed may have written what the proxy never loaded.
  [ -z "$live" ] || { quietly write_proxy "$live" && quietly point_to "$live"; } || fail "$DATA_DIR can't be written" "$(last_line)"
  forget_old_releases
  add_secrets
  start_services
  migrate
  start_release
  wait_until_healthy
  smoke_test
  switch_proxy
  check_proxy
  bake
  keep_release
  forget_old_releases
  say "$GREEN${BOLD}done: $tag serves as $next, and is stable$PLAIN"
}

main "$@"
