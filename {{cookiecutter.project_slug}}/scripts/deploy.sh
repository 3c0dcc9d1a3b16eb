#!/usr/bin/env bash
# Put a release beside the running one, and readers on it once it proved healthy.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

HEALTH_SECONDS=90
# The old release goes on this long after the switch: what the proxy took in just
# before must have reached it.
DRAIN_SECONDS=3
CRASHES=2
BUSY=75
MIGRATION=library-migration

usage() {
  cat <<TEXT
Usage: deploy.sh TAG

Deploys the image REGISTRY:TAG (REGISTRY from config.env) and loses no request:
the new release starts beside the old one, and the proxy switches when it is healthy.
Whatever fails, the old release goes on serving. Run it again after any accident.

Exit codes: 0 deployed · 1 failed, the old release serves · $BUSY another deploy is running
TEXT
}

# A reader who went away (a lost SSH connection) does not stop a deploy.
say() { printf '%s  %s\n' "$(date +%T)" "$1" || true; }

# One line of cause, then the last line that explains it.
fail() {
  settled=yes
  printf '%s%s  FAILED: %s%s\n' "$RED" "$(date +%T)" "$1" "$PLAIN" >&2 || true
  [ -z "${2:-}" ] || printf '          last log line: %s\n' "$2" >&2 || true
  take_back
  exit 1
}

on_exit() {
  [ "${settled:-}" = yes ] || fail "stopped unexpectedly (exit code $1)" "$(last_line)"
}

# Leave the machine as it was before this deploy.
take_back() {
  [ -n "${next:-}" ] || return 0
  [ "${switched:-}" != yes ] || [ -z "$live" ] || route_to "$live" || true
  compose rm --stop --force "web-$next" >/dev/null 2>&1 || true
  if [ -n "$live" ]; then say "still serving: $(tag_of "$live") ($live)"
  else say "nothing was serving before, and nothing is now"; fi
}

take_lock() {
  mkdir -p "$STATE" "$DATA_DIR/proxy"
  exec 9>>"$STATE/lock"
  flock --nonblock 9 || refuse "another deploy is running (process $(cat "$STATE/lock")): wait for it" "$BUSY"
  echo $$ >"$STATE/lock"
}

last_line() { grep -v '^[[:space:]]*$' "$STATE/last.log" | tail -n 1 || true; }

# quietly COMMAND...: its output goes to last.log, to be quoted if it fails.
quietly() { "$@" >"$STATE/last.log" 2>&1; }

# The registry's password lives for this one pull, in a folder that goes with it.
pull() {
  local keys status=0
  keys=$(mktemp -d)
  { aws ecr get-login-password --region "${AWS_REGION:-}" |
      docker --config "$keys" login --username AWS --password-stdin "${REGISTRY%%/*}" &&
      docker --config "$keys" pull --quiet "$REGISTRY:$tag"; } || status=$?
  rm -rf -- "$keys"
  return "$status"
}

fetch_image() {
  say "pulling $REGISTRY:$tag"
  quietly pull && return
  # A tag never changes, so a copy from an earlier deploy is the same release.
  docker image inspect "$REGISTRY:$tag" >/dev/null 2>&1 ||
    fail "no image $REGISTRY:$tag" "$(last_line)"
  say "the registry did not answer; using this machine's copy ($(last_line))"
}

# --no-recreate: a deploy never restarts the database under the running release.
start_services() {
  local services=(redis)
  if own_database; then services+=(db); fi
  say "checking ${services[*]}"
  quietly compose up --detach --no-recreate --wait "${services[@]}" ||
    fail "the database or the cache did not start" "$(last_line)"
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
  await_stray_migration
  say "migrating the database"
  quietly compose run --rm -T --no-deps --name "$MIGRATION" "web-$next" \
    sh -c 'python -m config.wait_for_database && python manage.py migrate --noinput' ||
    fail "the migration failed" "$(last_line)"
}

start_release() {
  say "starting $tag as $next (live: ${live:-nothing})"
  quietly compose up --detach --no-deps --force-recreate "web-$next" ||
    fail "the container did not start" "$(last_line)"
}

last_words() { docker logs --tail 1 "$(container_of "$next")" 2>&1 || true; }
last_check() { inspect "$next" '{{range .State.Health.Log}}{{.Output}}{{end}}' | awk 'NF {line = $0} END {print line}'; }

wait_until_healthy() {
  local deadline=$((SECONDS + HEALTH_SECONDS)) restarts
  while [ "$SECONDS" -lt "$deadline" ]; do
    restarts=$(inspect "$next" '{{.RestartCount}}')
    [ "${restarts:-0}" -lt "$CRASHES" ] || fail "$tag crashes at start" "$(last_words)"
    case "$(state_of "$next")" in
      healthy) say "$tag is healthy"; return ;;
      unhealthy) fail "$tag is unhealthy, its check says: $(last_check)" "$(last_words)" ;;
      missing) fail "the container of $tag is gone" ;;
    esac
    sleep 0.5
  done
  fail "$tag was not healthy after $HEALTH_SECONDS s" "$(last_words)"
}

# Written beside and moved over, so that the proxy never reads half a file.
write_upstream() {
  cat >"$DATA_DIR/proxy/upstream.new" <<CADDY
# Written by deploy.sh.
(colour) {
	respond /colour $1
}
(app) {
	reverse_proxy web-$1:8000 {
		# Only what never reached the API is tried again, so no write happens twice.
		lb_try_duration 5s
		# A kept connection may be closed by the API just as a request is put on it.
		transport http {
			keepalive off
		}
	}
}
CADDY
  mv -- "$DATA_DIR/proxy/upstream.new" "$DATA_DIR/proxy/upstream.caddy"
}

route_to() {
  write_upstream "$1"
  quietly compose up --detach --no-recreate caddy || return 1
  quietly compose exec -T caddy \
    caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile
}

switch_proxy() {
  say "switching the proxy to $next"
  switched=yes
  route_to "$next" || fail "the proxy did not take its new configuration" "$(last_line)"
}

smoke_test() {
  local answer
  answer=$(ask_proxy 2>"$STATE/last.log") ||
    fail "$tag does not answer through the proxy" "$(last_line)"
  [[ $answer == *"\"release\":\"$tag\""* ]] ||
    fail "the proxy's answer is not from $tag: build it with --build-arg RELEASE=$tag" "$answer"
}

# From here on nothing is taken back: the new release serves, and proved it.
keep_release() {
  settled=yes
  [ "$(stable_tag)" = "$tag" ] || echo "$tag" >>"$STATE/releases"
  docker tag "$REGISTRY:$tag" "$REGISTRY:stable"
  if [ -n "$live" ]; then
    say "stopping $live after its last requests"
    sleep "$DRAIN_SECONDS"
    quietly compose stop "web-$live" || say "$live did not stop: $(last_line)"
  fi
}

# The disk is small: of our own images, only those that a rollback may need stay.
forget_old_images() {
  local keep image
  keep=$(history | tail -n 5; tag_of blue; tag_of green; echo stable)
  docker image ls --format '{{.Tag}}' "$REGISTRY" | while read -r image; do
    grep -Fqx -- "$image" <<<"$keep" || docker image rm "$REGISTRY:$image" >/dev/null 2>&1 || true
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
  live=$(live_colour)
  next=$(other_colour "${live:-green}")
  # A deploy that was killed may have written what the proxy never loaded.
  [ -z "$live" ] || write_upstream "$live"
  trap 'on_exit $?' EXIT
  trap 'fail "interrupted"' HUP INT TERM
  trap '' PIPE
  fetch_image
  start_services
  migrate
  start_release
  wait_until_healthy
  switch_proxy
  smoke_test
  keep_release
  forget_old_images
  say "$GREEN${BOLD}done: $tag serves as $next, and is stable$PLAIN"
}

main "$@"
