#!/bin/sh
# Makes one role and one database per service, with the password of its file. Run at every start:
# a new service gets its own, a changed password takes effect, what is there stays.
set -eu
secrets=${SECRETS:-/run/secrets}
PGPASSWORD=$(cat "$secrets/postgres/password")
export PGPASSWORD

for file in "$secrets"/services/*/terrace_database_password; do
    if [ ! -f "$file" ]; then
        echo "No password files in $secrets/services. Make them with deploy/secrets.sh." >&2
        exit 1
    fi
    NAME=terrace_$(basename "$(dirname "$file")")
    PASSWORD=$(cat "$file")
    export NAME PASSWORD
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres <<'SQL'
\getenv name NAME
\getenv password PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'name')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', :'name', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
    echo "$NAME is ready"
done
