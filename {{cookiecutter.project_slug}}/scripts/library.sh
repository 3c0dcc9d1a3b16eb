#!/usr/bin/env bash
# The one door for a person: everything that a server wants of you after its deploy.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<TEXT
Usage: library.sh [--instance ID] COMMAND

  status                     which release serves, and whether it is well
  logs [SERVICE] [OPTION]    the last 100 lines of the live release, or of caddy, redis
                             or db; --follow and --since 10m are docker compose's
  manage COMMAND             manage.py of the live release
  shell                      Python in the live release, with its models
  releases                   the releases that proved healthy, the latest last
  rollback [TAG]             back to the last good release, or to TAG
  backup [--list | --local]  backup.sh
  restore ARCHIVE [--yes]    restore.sh
  update [--database]        update-services.sh
  node-exporter              starts it: what a Prometheus elsewhere asks at port 9100
  librarian EMAIL            makes a reader a librarian, or a new account

On the server it needs sudo. With --instance it runs there from your own computer,
through Systems Manager: the AWS CLI with its Session Manager plugin, and no open port.

Exit codes: those of the command · 1 for a mistake · with --instance that of the session
TEXT
}

# in_session ID COMMAND...: the same command on the server. A word stays a word: once for
# the shell there, once for JSON.
in_session() {
  local id=$1 line='sudo /opt/library/library.sh'
  shift
  [[ $id =~ ^i-[0-9a-f]{8,17}$ ]] || refuse "'$id' is no instance: terraform output -raw instance_id says which it is"
  command -v aws >/dev/null || refuse "the AWS CLI is missing: aws"
  [ $# = 0 ] || line+=$(printf ' %q' "$@")
  line=${line//\\/\\\\}
  line=${line//\"/\\\"}
  exec aws ssm start-session ${AWS_REGION:+--region "$AWS_REGION"} --target "$id" \
    --document-name AWS-StartInteractiveCommand --parameters "{\"command\":[\"$line\"]}"
}

need_release() {
  load_config
  live=$(live_colour)
  [ -n "$live" ] || refuse "nothing serves yet: deploy.sh TAG"
  TAG=$(tag_of "$live")
  export TAG
}

manage() {
  local typed=()
  [ -t 0 ] || typed=(-T)
  need_release
  compose exec ${typed[@]+"${typed[@]}"} "web-$live" python manage.py "$@"
}

logs() {
  local service=''
  need_release
  if [[ ${1:--} != -* ]]; then service=$1; shift; fi
  compose logs --no-log-prefix --tail 100 "$@" "${service:-web-$live}"
}

releases() {
  local tag now
  need_release
  history | while read -r tag; do
    now=''
    [ "$tag" != "$TAG" ] || now='  <- readers'
    printf '%s%s\n' "$tag" "$now"
  done
}

if [ "${1:-}" = --instance ]; then
  [ $# -gt 2 ] || { usage >&2; exit 1; }
  in_session "${@:2}"
fi
command=${1:-}
[ $# = 0 ] || shift
case "$command" in
  status) exec "$HERE/health-checker.sh" ;;
  rollback) exec "$HERE/health-checker.sh" --rollback "$@" ;;
  backup) exec "$HERE/backup.sh" "$@" ;;
  restore) exec "$HERE/restore.sh" "$@" ;;
  update) exec "$HERE/update-services.sh" "$@" ;;
  node-exporter)
    load_config
    compose up --detach --no-deps node-exporter ;;
  logs) logs "$@" ;;
  releases) releases ;;
  manage) manage "$@" ;;
  shell) manage shell "$@" ;;
  librarian)
    [ $# = 1 ] || refuse "librarian takes one address: librarian you@example.com"
    manage make_librarian "$1" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 1 ;;
esac
