#!/bin/sh
# registry.sh PORT: a registry in ECR's place, with the password $REGISTRY_PASSWORD.
set -e
printf '%s' "$REGISTRY_PASSWORD" | htpasswd -iBn AWS > /etc/docker/registry/htpasswd
cat > /etc/docker/registry/rehearsal.yml <<YAML
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "0.0.0.0:$1"}
auth: {htpasswd: {realm: rehearsal, path: /etc/docker/registry/htpasswd}}
YAML
exec docker-registry serve /etc/docker/registry/rehearsal.yml
