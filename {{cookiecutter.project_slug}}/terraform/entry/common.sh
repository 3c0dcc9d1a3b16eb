# Reads the common.sh of the release that proved healthy last. Before the first one, and
# for a release that carries no scripts, it is Terraform's.
# shellcheck shell=bash

proved_scripts() {
  local library tag
  library=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
  tag=$(tail -n 1 "${DATA_DIR:-/var/lib/library}/deploy/releases" 2>/dev/null || true)
  if [ -n "$tag" ] && [ -d "$library/releases/$tag" ]; then echo "$library/releases/$tag"
  else echo "$library/terraform/scripts"; fi
}

# shellcheck source=/dev/null
. "$(proved_scripts)/common.sh"
