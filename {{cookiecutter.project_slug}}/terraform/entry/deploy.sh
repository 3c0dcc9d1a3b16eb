#!/usr/bin/env bash
# deploy.sh TAG: deploys a release by its own scripts. It pulls the image, takes out the
# scripts that the image carries, and hands over to their deploy.sh. `terraform apply`
# brings this file. It knows of no release, so it need not change with one.
set -euo pipefail

LIBRARY=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
STATE=${DATA_DIR:-/var/lib/library}/deploy
LOGIN=$STATE/login
# Used before the first release, and for a release that carries none.
scripts=$LIBRARY/terraform/scripts
# The exit code of a deploy that found another one at work.
BUSY=75

# Where the deploy was started from may be gone: it goes on without.
say() { printf '%s  %s\n' "$(date +%T)" "$1" || true; }

fail() {
  trap '' INT TERM
  say "FAILED: $1" >&2
  printf '          last log line: %s\n          nothing was touched\n' "$(last_line)" >&2 || true
  exit 1
}

last_line() { awk 'NF {line = $0} END {print line}' "$STATE/last.log" 2>/dev/null || true; }
quietly() { "$@" >"$STATE/last.log" 2>&1; }

# The same lock that every deploy.sh takes again: this one is let go just before.
take_lock() {
  mkdir -p "$STATE"
  exec 9>>"$STATE/lock"
  if ! flock --nonblock 9; then
    echo "another deploy is running (process $(cat "$STATE/lock")): wait for it" >&2
    exit "$BUSY"
  fi
  echo $$ >"$STATE/lock"
}

log_in() {
  aws ecr get-login-password --region "$AWS_REGION" |
    docker --config "$LOGIN" login --username AWS --password-stdin "${REGISTRY%%/*}"
}

# The registry's password lives for this one pull, in a folder that goes with it.
fetch_image() {
  local problem=''
  say "pulling $REGISTRY:$tag"
  if ! quietly log_in; then problem="the registry did not let us in"
  elif ! quietly docker --config "$LOGIN" pull --quiet "$REGISTRY:$tag"; then
    problem="no image $REGISTRY:$tag came from the registry"
  fi
  rm -rf -- "$LOGIN"
  [ -n "$problem" ] || return 0
  # A tag never changes, so a copy from an earlier deploy is the same release.
  docker image inspect "$REGISTRY:$tag" >/dev/null 2>&1 || fail "$problem"
  say "$problem; using this machine's copy ($(last_line))"
}

about_image() { docker image inspect --format "$1" "$REGISTRY:$tag" 2>"$STATE/last.log"; }

# unpack IMAGE FOLDER TARGET: copy a folder out of an image, of which nothing is run.
unpack() {
  docker rm --force library-scripts >/dev/null 2>&1 || true # of a deploy that was killed
  docker create --name library-scripts "$1" &&
    docker cp "library-scripts:$2/." "$3" &&
    docker rm library-scripts
}

# The image says where they are. It is named by its digest, which the pull has verified.
take_out_scripts() {
  local image path folder=$LIBRARY/releases/$tag
  image=$(about_image '{{.Id}}') || fail "the image of $tag can't be read"
  path=$(about_image '{{index .Config.Labels "library.scripts"}}') || fail "the image of $tag can't be read"
  if [ -z "$path" ]; then say "$tag carries no scripts: it is deployed by Terraform's"; return; fi
  rm -rf -- "$folder.new"
  mkdir -p -- "$folder.new"
  quietly unpack "$image" "$path" "$folder.new" || fail "the scripts of $tag did not come out of its image"
  [ -x "$folder.new/deploy.sh" ] || fail "$tag has no deploy.sh that can be run in $path"
  rm -rf -- "$folder"
  mv -- "$folder.new" "$folder"
  scripts=$folder
}

# What is no release, and a machine without settings, are refused there, in its words.
[[ $# = 1 && $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ && $1 != stable && -r $LIBRARY/config.env ]] ||
  exec "$scripts/deploy.sh" "$@"
tag=$1
# Not run as shell code: what else stands there is the release's scripts' to check.
setting() { sed -n "s/^$1=//p" "$LIBRARY/config.env" | tail -n 1 | tr -d "\"'"; }
REGISTRY=$(setting REGISTRY)
AWS_REGION=$(setting AWS_REGION)
[ -n "$REGISTRY" ] || exec "$scripts/deploy.sh" "$tag"
take_lock
trap 'rm -rf -- "$LOGIN"' EXIT
trap 'fail interrupted' INT TERM
trap '' HUP PIPE
fetch_image
take_out_scripts
exec "$scripts/deploy.sh" "$tag"
