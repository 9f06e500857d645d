#!/bin/sh
# Makes every secret of docker-compose.yml that does not exist yet. Usage: deploy/make-secrets.sh [FOLDER]
# The folder is closed to others (0700). The files in it are not: Docker mounts them as they are, and the
# processes that read them run as users of their own.
set -eu

folder="${1:-secrets}"
mkdir -p "$folder"
chmod 700 "$folder"

for name in postgres_password relance_postgres_password temporal_postgres_password webhook_secret \
    suppression_key local_api_key relance_metrics_key grafana_password meta_verify_token; do
    file="$folder/$name"
    if [ ! -s "$file" ]; then
        od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file"
        chmod 444 "$file"
        echo "made $file"
    fi
done

if [ -s "$folder/meta_access_token" ]; then
    if [ ! -s "$folder/meta_app_secret" ]; then
        echo "missing $folder/meta_app_secret: put the secret of your app at Meta into it (mode 0444)"
        exit 1
    fi
elif [ ! -s "$folder/wassenger_token" ]; then
    echo "missing $folder/wassenger_token: put the API key of your Wassenger account into it (mode 0444)"
    echo "Or, for Meta's Cloud API: docs/deploy.md"
    exit 1
fi
