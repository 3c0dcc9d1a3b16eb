#!/usr/bin/env bash
# Make this machine's secrets, once, next to its data. A newer release may need more of
# them: those are added. None is ever replaced.
set -euo pipefail
DATA_DIR=${DATA_DIR:-/var/lib/library}
SECRETS=$DATA_DIR/secrets.env
NAMES=(SECRET_KEY JWT_SECRET_KEY POSTGRES_PASSWORD MIGRATOR_PASSWORD API_PASSWORD
    REDIS_PASSWORD)

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

umask 077
mkdir -p "$DATA_DIR/deploy" "$DATA_DIR/proxy" "$DATA_DIR/postgres" "$DATA_DIR/caddy"
chmod 755 "$DATA_DIR" "$DATA_DIR/proxy"

if [ ! -s "$SECRETS" ] && [ -n "$(ls -A "$DATA_DIR/postgres")" ]; then
  echo "$DATA_DIR/postgres holds a database, but its password went with $SECRETS: put that file back" >&2
  exit 1
fi

missing=''
for name in "${NAMES[@]}"; do
  grep -Eqs "^$name=." "$SECRETS" || missing+=" $name"
done
if [ -z "$missing" ]; then
  echo "$SECRETS is there: left as it is"
  exit 0
fi

if [ -s "$SECRETS" ]; then
  said="added to $SECRETS:$missing"
  awk 1 "$SECRETS" >"$SECRETS.new" # and ends the last line, if nobody did
else
  said="wrote $SECRETS with fresh secrets"
  echo "# Made on this machine at its first boot; a copy belongs in your backup." >"$SECRETS.new"
fi
for name in $missing; do echo "$name=$(random)"; done >>"$SECRETS.new"
mv -- "$SECRETS.new" "$SECRETS"
echo "$said"
