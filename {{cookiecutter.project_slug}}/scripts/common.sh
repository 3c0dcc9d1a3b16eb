# Shared by the scripts beside it: where things are, and what state they are in.
# shellcheck shell=bash

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# On the server HERE is /opt/library/releases/TAG, or /opt/library/terraform/scripts.
LIBRARY=$(cd -- "$HERE/../.." && pwd)
DATA_DIR=${DATA_DIR:-/var/lib/library}
STATE=$DATA_DIR/deploy
# The proxy, as only this machine can reach it.
INSIDE=http://127.0.0.1:8081
HEALTH=/api/v1/common/health-check
# The exit code of a deploy that found another one at work.
# shellcheck disable=SC2034
BUSY=75

# shellcheck disable=SC2034  # used by the scripts that read this file
if [ -t 1 ]; then BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else BOLD='' RED='' GREEN='' PLAIN=''; fi

# refuse "what was given, what is accepted": for mistakes made before any work.
refuse() {
  printf '%s%s%s\n' "$RED" "$1" "$PLAIN" >&2
  exit "${2:-1}"
}

# A line of config.env. The file is run as shell code, so nothing gets in that could do more
# than set a setting: without quotes, only what the shell leaves alone.
# shellcheck disable=SC2016  # nothing here is to be expanded
SETTING='^([A-Z][A-Z0-9_]*)=('\''[^'\'']*'\''|"[^"\$`]*"|[^[:space:]"\$`&|;<>()~#'\'']*)$'

# Those of the API (.env.example), of a server, and of Terraform. Each release names its
# own, so that a setting of a newer one does not stop a rollback.
known_settings() {
  printf '%s\n' REGISTRY AWS_REGION MANAGED_DATABASE BACKUP_BUCKET
  cat "$HERE/settings.txt" "$LIBRARY"/{terraform/scripts,releases/*}/settings.txt 2>/dev/null || true
  sed 's/=.*//' "$LIBRARY/host/terraform.env" 2>/dev/null || true
}

# Values are not shown: one may be a password.
check_config() {
  local line number=0 known
  known=$(known_settings)
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    [[ ! $line =~ ^[[:space:]]*(#.*)?$ ]] || continue
    [[ $line =~ $SETTING ]] ||
      refuse "$LIBRARY/config.env: line $number is no setting: accepted is NAME='value', with nothing around it"
    grep -Fqx -- "${BASH_REMATCH[1]}" <<<"$known" ||
      refuse "$LIBRARY/config.env: line $number: ${BASH_REMATCH[1]} is no setting: accepted are those of $HERE/settings.txt"
  done <"$LIBRARY/config.env"
}

load_settings() {
  [ -e "$LIBRARY/config.env" ] || refuse "$LIBRARY/config.env is missing: it names the image repository (REGISTRY=...)"
  [ -r "$LIBRARY/config.env" ] || refuse "$LIBRARY/config.env can't be read: use sudo"
  check_config
  set -a
  # shellcheck source=/dev/null
  . "$LIBRARY/config.env"
  set +a
}

load_config() {
  load_settings
  [ -r "$DATA_DIR/secrets.env" ] || refuse "$DATA_DIR/secrets.env can't be read: use sudo, or run first-boot.sh if it is not there"
  [ -n "${REGISTRY:-}" ] || refuse "REGISTRY is not set in $LIBRARY/config.env: the image repository, such as 1234.dkr.ecr.eu-west-1.amazonaws.com/library"
  export DATA_DIR
  # What the containers say goes to CloudWatch, too, if there is a place for it.
  [ -z "${LOG_GROUP:-}" ] || export COMPOSE_FILE=$HERE/docker-compose.yml:$HERE/logs.yml
  # Who runs a database elsewhere looks after its roles.
  if own_database; then export COMPOSE_PROFILES=postgres; else export DATABASE_ADMIN_URL=; fi
}

# This machine runs PostgreSQL itself unless DATABASE_URL points elsewhere (RDS, say).
own_database() {
  ! grep -Eqs '^DATABASE_URL=.' "$LIBRARY/config.env" "$DATA_DIR/secrets.env"
}

# Whoever changes what serves has it alone.
take_lock() {
  mkdir -p "$STATE" "$DATA_DIR/proxy"
  exec 9>>"$STATE/lock"
  flock --nonblock 9 || refuse "another deploy is running (process $(cat "$STATE/lock")): wait for it" "$BUSY"
  echo $$ >"$STATE/lock"
}

# The secrets reach Compose as a file: never an argument, never a line of a log.
compose() {
  docker compose --project-directory "$HERE" \
    --env-file "$LIBRARY/config.env" --env-file "$DATA_DIR/secrets.env" "$@"
}

other_colour() { if [ "$1" = blue ]; then echo green; else echo blue; fi; }

# container_of SERVICE: its container's name, as Compose makes it. To ask Compose takes a
# tenth of a second of a processor, and a deploy asks often: a small machine has a fifth.
container_of() { echo "${COMPOSE_PROJECT_NAME:-library}-$1-1"; }

# inspect COLOUR FORMAT: one fact about a colour's container; empty if there is none.
inspect() { docker inspect --format "$2" "$(container_of "web-$1")" 2>/dev/null || true; }

tag_of() {
  local image
  image=$(inspect "$1" '{{.Config.Image}}')
  echo "${image#"$REGISTRY":}"
}

# healthy, unhealthy, starting, exited, ... or missing; unchecked has no HEALTHCHECK
state_of() {
  local state
  state=$(inspect "$1" '{{if .State.Running}}{{with .State.Health}}{{.Status}}{{else}}unchecked{{end}}{{else}}{{.State.Status}}{{end}}')
  echo "${state:-missing}"
}

# Where a colour's readers come in, as its container was started: a domain, or a port.
site_of() {
  local site
  site=$(inspect "$1" '{{index .Config.Labels "site"}}')
  echo "${site:-${DOMAIN:-:80}}"
}

proxy_colour() { curl -fsS -m 3 "$INSIDE/colour" 2>/dev/null; }

# The colour that the proxy sends readers to; the proxy itself knows best.
live_colour() { proxy_colour || cat "$DATA_DIR/proxy/colour" 2>/dev/null || true; }

# Releases that proved healthy, the latest last, each once in a row.
history() { if [ -f "$STATE/releases" ]; then cat "$STATE/releases"; fi; }
stable_tag() { history | tail -n 1; }

# Bad releases, a line each: TAG WHEN WHY. They failed here, or a person went back from
# them.
bad_releases() { if [ -f "$STATE/bad" ]; then cat "$STATE/bad"; fi; }
why_bad() { bad_releases | sed -n "s/^${1//./\\.} //p"; }

# set_verdict TAG [WHY]: it is bad, for this reason; without one it is good.
set_verdict() {
  { bad_releases | awk -v tag="$1" '$1 != tag' &&
    if [ -n "${2:-}" ]; then echo "$1 $(date -u +%FT%TZ) $2"; fi; } >"$STATE/bad.new" &&
    mv -- "$STATE/bad.new" "$STATE/bad"
}

# Those that proved healthy and are not bad, the latest last.
good_releases() { history | grep -Fvxf <(bad_releases | cut -d ' ' -f 1) || true; }

# What --rollback returns to: the last good one that is not live now.
earlier_than() { good_releases | grep -Fvx -- "$1" | tail -n 1 || true; }

first_host() {
  local host=${ALLOWED_HOSTS:-${DOMAIN:-localhost}}
  host=${host%%,*}
  echo "${host/#\*/localhost}"
}

public_url() { if [ -n "${DOMAIN:-}" ]; then echo "https://$DOMAIN"; else echo http://127.0.0.1; fi; }

# ask URL [OPTION...]: the API's health, on one line; fails if it is not well.
ask() { curl -fsS -m 5 --retry-delay 1 "${@:2}" "$1$HEALTH" | tr -d '[:space:]'; }

ask_proxy() { ask "$INSIDE" --retry 5 --retry-connrefused -H "Host: $(first_host)"; }

# ask_as_reader RETRIES: at the public address, but on this machine. Who signed the
# certificate is not asked: an own authority is as good.
ask_as_reader() {
  local way=(-H "Host: $(first_host)")
  if [ -n "${DOMAIN:-}" ]; then way=(--insecure --resolve "$DOMAIN:443:127.0.0.1"); fi
  ask "$(public_url)" --retry "$1" --retry-all-errors "${way[@]}"
}

# answers_since WHEN: the proxy's answers to readers, and those of them that were 5xx.
answers_since() {
  { docker logs --since "$1" "$(container_of caddy)" 2>&1 || true; } |
    awk -F '"status":' '/"logger":"http.log.access/ {all++; if ($2 ~ /^5/) bad++} END {print all + 0, bad + 0}'
}

# rose ALL BAD ALL_BEFORE BAD_BEFORE: whether 5xx rose. They are five at least, every
# twentieth answer, and more than twice the share of before.
rose() { (($2 >= 5 && $2 * 20 >= $1 && $2 * ($3 + !$3) > 2 * $4 * $1)); }
