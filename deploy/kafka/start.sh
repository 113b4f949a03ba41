#!/bin/sh
# Starts Kafka with the administrator's password from its file. The first start makes the log
# directory and the administrator; every other user comes from setup.py.
set -eu
PATH=/opt/kafka/bin:$PATH
secrets=${SECRETS:-/run/secrets}
template=${PROPERTIES:-/terrace/server.properties}
properties=${RUNTIME:-/tmp}/server.properties

umask 077
password=$(cat "$secrets/admin_password")
sed -e "s|@PASSWORD@|$password|g" -e "s|@OUTSIDE@|$OUTSIDE_ADDRESS|g" "$template" > "$properties"
data=$(sed -n 's/^log\.dirs=//p' "$properties")

if [ ! -f "$data/meta.properties" ]; then
    kafka-storage.sh format --config "$properties" --cluster-id "$(kafka-storage.sh random-uuid)" \
        --add-scram "SCRAM-SHA-512=[name=admin,password=$password]"
fi
exec kafka-server-start.sh "$properties"
