#!/usr/bin/env bash
# Runs the health-checker of the release that proved healthy last.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
exec "$HERE/health-checker.sh" "$@"
