#!/usr/bin/env bash
# Say which release serves and whether it is well; --rollback goes back to a good one.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<TEXT
Usage: health-checker.sh [--rollback [TAG]]

Without an option: which colour serves which release, whether it is healthy, and which
releases are good or bad: one is bad that failed here, or that was rolled back from.
--rollback: deploys the last good release before the live one, or TAG. The live one is
bad from then on, and no rollback returns to it.

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
  list_verdicts
  printf 'stable: %s\n' "$(stable_tag)"
  [ -n "$live" ] || refuse "nothing serves yet: deploy.sh TAG"
  local answer
  answer=$(ask_proxy 2>&1) || refuse "$live does not answer through the proxy: $answer"
  ask_as_reader 2 >/dev/null 2>&1 || refuse "readers get no answer at $(public_url)"
  printf '%s%s answers: %s%s\n' "$GREEN" "$(public_url)" "$answer" "$PLAIN"
}

# The releases of this machine, the latest last.
list_verdicts() {
  local tag why
  { bad_releases | cut -d ' ' -f 1; history; } | tac | awk '!seen[$0]++' | head -n 10 | tac |
    while read -r tag; do
      why=$(why_bad "$tag")
      printf '%-7s %-12s %s\n' release "$tag" "${why:+bad since }${why:-good}"
    done
}

rollback() {
  local from target=${1:-} why
  from=$(tag_of "$(live_colour)")
  [ -n "$from" ] || refuse "nothing serves: deploy.sh TAG"
  [ -n "$target" ] || target=$(earlier_than "$from")
  [ -n "$target" ] || refuse "no earlier release is good on this machine: there is nothing to go back to"
  [ "$target" != "$from" ] || refuse "$target serves already"
  why=$(why_bad "$target")
  [ -z "$why" ] || refuse "$target is bad since $why: deploy.sh $target deploys it all the same"
  history | grep -Fqx -- "$target" || refuse "$target never proved healthy on this machine: deploy.sh $target deploys it all the same"
  flock --nonblock "$STATE/lock" true || refuse "another deploy is running (process $(cat "$STATE/lock")): wait for it" "$BUSY"
  set_verdict "$from" "rolled back from"
  printf 'rolling back from %s to %s\n' "$from" "$target"
  exec "$LIBRARY/deploy.sh" "$target"
}

case "$#${1:-}" in
  0) load_config; report ;;
  1--rollback | 2--rollback) load_config; rollback "${2:-}" ;;
  1-h | 1--help) usage ;;
  *) usage >&2; exit 1 ;;
esac
