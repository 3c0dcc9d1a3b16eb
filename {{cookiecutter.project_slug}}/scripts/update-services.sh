#!/usr/bin/env bash
# Bring the cache, the proxy and the database to the newest images of their majors.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<TEXT
Usage: update-services.sh [--database] [--no-pull]

Pulls the newest Redis and Caddy of the majors in docker-compose.yml, and replaces what
has changed. No request is lost: new connections wait for the proxy, over IPv4 and IPv6.
--database: PostgreSQL, too, if it runs here. Until it is back, what needs it is
answered with 503.
--no-pull: takes the images that this machine has.

Exit codes: 0 all are the newest · 1 something did not start · $BUSY a deploy is running
TEXT
}

say() { printf '%s  %s\n' "$(date +%T)" "$1"; }
quietly() { "$@" >"$STATE/last.log" 2>&1; }
last_line() { tail -n 1 "$STATE/last.log"; }

pull() {
  say "pulling $*"
  quietly compose pull --quiet "$@" ||
    refuse "the images did not come, and nothing was touched: $(last_line)"
}

# replace SERVICE [OPTION...]: if its image or its settings are others now.
replace() {
  say "updating $1"
  quietly compose up --detach --no-deps "${@:2}" "$1" ||
    refuse "$1 did not start: $(last_line)"
}

# Nobody is refused while the proxy is away: a connection that gets no answer is tried
# again by the other side's kernel, after 1, 3 and 7 seconds.
NEW_CONNECTIONS="PREROUTING -p tcp -m multiport --dports 80,443 --syn -j DROP"

# Longer than replace_proxy takes: tests/test_limits.py.
LET_IN="read -r -t 90
  iptables -w -t raw -D $NEW_CONNECTIONS
  ip6tables -w -t raw -D $NEW_CONNECTIONS"

# The end of the pipe lets them in, or this time: so they come in whatever ends this script.
# shellcheck disable=SC2086  # words
hold() {
  exec {held}> >(exec setsid bash -c "$LET_IN" 9>&- 2>/dev/null)
  holder=$!
  quietly iptables -w -t raw -I $NEW_CONNECTIONS || refuse "new connections can't be held: $(last_line)"
  # A kernel without IPv6 has nobody to hold.
  quietly ip6tables -w -t raw -I $NEW_CONNECTIONS || say "IPv6: new connections can't be held: $(last_line)"
}

let_in() {
  exec {held}>&-
  wait "$holder" || true
}

# await_proxy SECONDS
await_proxy() {
  local end=$((SECONDS + $1))
  until proxy_colour >/dev/null; do
    [ "$SECONDS" -lt "$end" ] || return
    sleep 0.5
  done
}

replace_proxy() {
  hold
  sleep 1 # who is connected already sends what it wants to ask
  replace caddy
  await_proxy 30 || refuse "the proxy does not answer: $(docker logs --tail 1 "$(container_of caddy)" 2>&1)"
  let_in
}

# Its own health check comes every ten seconds only.
replace_database() {
  local began=$SECONDS
  replace db
  until quietly compose exec -T db pg_isready --host=127.0.0.1 --username=library; do
    [ $((SECONDS - began)) -lt 60 ] || refuse "the database does not answer: $(last_line)"
    sleep 0.5
  done
  say "the database was away for $((SECONDS - began)) s at most"
}

main() {
  local services=(redis caddy) pull=yes option
  for option in "$@"; do
    case $option in
      --database) services+=(db) ;;
      --no-pull) pull='' ;;
      -h | --help) usage; exit 0 ;;
      *) usage >&2; exit 1 ;;
    esac
  done
  load_config
  TAG=$(stable_tag)
  export TAG
  [ -n "$TAG" ] || refuse "nothing serves yet: deploy.sh TAG"
  own_database || services=(redis caddy)
  take_lock
  [ -z "$pull" ] || pull "${services[@]}"
  replace redis --wait
  replace_proxy
  [ "${services[*]}" = "redis caddy" ] || replace_database
  docker image prune --force >/dev/null # the disk is small
  say "$GREEN${BOLD}done: ${services[*]} are the newest$PLAIN"
}

main "$@"
