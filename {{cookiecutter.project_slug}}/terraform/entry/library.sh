#!/usr/bin/env bash
# Runs the library.sh of the release that proved healthy last.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
[ -x "$HERE/library.sh" ] || refuse "no release that brings library.sh serves here yet: deploy one"
exec "$HERE/library.sh" "$@"
