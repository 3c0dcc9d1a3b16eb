#!/usr/bin/env bash
# Make this machine's secrets, once, next to its data. Never replaces one.
set -euo pipefail
DATA_DIR=${DATA_DIR:-/var/lib/library}
SECRETS=$DATA_DIR/secrets.env

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

umask 077
mkdir -p "$DATA_DIR/deploy" "$DATA_DIR/proxy" "$DATA_DIR/postgres" "$DATA_DIR/caddy"
chmod 755 "$DATA_DIR" "$DATA_DIR/proxy"

if [ -s "$SECRETS" ]; then
  echo "$SECRETS is there: left as it is"
  exit 0
fi
if [ -n "$(ls -A "$DATA_DIR/postgres")" ]; then
  echo "$DATA_DIR/postgres holds a database, but its password went with $SECRETS: put that file back" >&2
  exit 1
fi

cat >"$SECRETS.new" <<TEXT
# Made on this machine at its first boot; a copy belongs in your backup.
SECRET_KEY=$(random)
JWT_SECRET_KEY=$(random)
POSTGRES_PASSWORD=$(random)
TEXT
mv -- "$SECRETS.new" "$SECRETS"
echo "wrote $SECRETS with fresh secrets"
