#!/bin/sh
# registry.sh PORT: a registry that asks for the password on standard input.
set -e
password=$(cat)
htpasswd -Bbn AWS "$password" > /etc/docker/registry/htpasswd
cat > /etc/docker/registry/rehearsal.yml <<YAML
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "0.0.0.0:$1"}
auth: {htpasswd: {realm: rehearsal, path: /etc/docker/registry/htpasswd}}
YAML
exec docker-registry serve /etc/docker/registry/rehearsal.yml
