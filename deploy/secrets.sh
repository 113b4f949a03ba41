#!/bin/sh
# Makes every password that compose.yaml needs, random, in files; keeps those that are there.
# Whoever may enter deploy/secrets may read them: the directory is its owner's alone, while the
# files in it can be read by the unprivileged users of the containers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
secrets=${1:-$here/secrets}

random() { # text of 43 letters, digits, - and _ from 32 random bytes
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'
}
keep() { # the file's name, then what goes in
    mkdir -p "$(dirname "$secrets/$1")"
    [ -s "$secrets/$1" ] || printf '%s' "$2" > "$secrets/$1"
}

umask 022
mkdir -p "$secrets"
chmod 700 "$secrets"
printf '*\n' > "$secrets/.gitignore"
keep postgres/password "$(random)"
keep kafka/admin_password "$(random)"
keep services/keycloak/terrace_database_password "$(random)"
keep services/keycloak/admin_password "$(random)"
for service in "$here"/../services/*/; do
    [ -d "$service/migrations" ] || continue
    name=$(basename "$service")
    keep "services/$name/terrace_database_password" "$(random)"
    keep "services/$name/terrace_kafka_password" "$(random)"
done
# Keys that seal what is stored: endpoints' secrets, candidates' personal fields. The padding (=)
# belongs to them. Who loses them loses what they seal.
[ ! -d "$here/../services/webhook" ] || keep services/webhook/terrace_secrets_key "$(random)="
[ ! -d "$here/../services/talent" ] || keep services/talent/key_ring.json \
    "{\"current\": \"k1\", \"keys\": {\"k1\": \"$(random)=\"}}"
# What the keys of the banks' signed daily files are made from; to change it put a new text in
# front, with a comma, and keep the old one while files that it signed may still be verified.
[ ! -d "$here/../services/funding" ] || keep services/funding/terrace_bank_file_key "$(random)"
mkdir -p "$secrets/banks"
echo "The passwords are in $secrets"
