#!/bin/bash
# Starts Keycloak with its passwords from files; at the first start it imports the realm.
# Only bash's own commands: the image has few others.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}

export KC_DB_PASSWORD="$(< "$secrets/terrace_database_password")"
export KC_BOOTSTRAP_ADMIN_PASSWORD="$(< "$secrets/admin_password")"
exec /opt/keycloak/bin/kc.sh start --import-realm
