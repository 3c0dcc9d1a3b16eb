#!/usr/bin/env bash
# Say which release serves and whether it is well; --rollback goes back to the last good one.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<TEXT
Usage: health-checker.sh [--rollback]

Without an option: which colour serves which release, and whether it is healthy.
--rollback: deploys the last release that proved healthy and is not the live one.

Exit codes: 0 the live release is healthy · 1 it is not, or nothing serves
$BUSY with --rollback: a deploy is running
TEXT
}

report() {
  local live colour mark
  live=$(live_colour)
  printf '%s%-7s %-12s %s%s\n' "$BOLD" colour state release "$PLAIN"
  for colour in blue green; do
    mark=''
    [ "$colour" != "$live" ] || mark="  <- readers"
    printf '%-7s %-12s %s%s\n' "$colour" "$(state_of "$colour")" "$(tag_of "$colour")" "$mark"
  done
  printf 'stable: %s\n' "$(stable_tag)"
  [ -n "$live" ] || refuse "nothing serves yet: deploy.sh TAG"
  local answer
  answer=$(ask_proxy 2>&1) || refuse "$live does not answer through the proxy: $answer"
  ask_as_reader 2 >/dev/null 2>&1 || refuse "readers get no answer at $(public_url)"
  printf '%s%s answers: %s%s\n' "$GREEN" "$(public_url)" "$answer" "$PLAIN"
}

rollback() {
  local live target
  live=$(live_colour)
  target=$(earlier_than "$(tag_of "${live:-blue}")")
  [ -n "$target" ] || refuse "no earlier release proved healthy on this machine: there is nothing to go back to"
  printf 'rolling back to %s\n' "$target"
  exec "$LIBRARY/deploy.sh" "$target"
}

case "${1:-}" in
  '') load_config; report ;;
  --rollback) load_config; rollback ;;
  -h | --help) usage ;;
  *) usage >&2; exit 1 ;;
esac
