#!/bin/bash
# Imports the saved objects into Kibana.  Safe to repeat: objects with the same id are replaced.
set -euo pipefail

kibana=${KIBANA_URL:-http://kibana:5601}
file=${OBJECTS:-/kibana/groundswell.ndjson}

answer=$(curl -sS --noproxy '*' --fail-with-body -H 'kbn-xsrf: true' -F "file=@$file" \
  "$kibana/api/saved_objects/_import?overwrite=true" -K - <<END
user = "elastic:$ELASTIC_PASSWORD"
END
)
case "$answer" in
  *'"success":true'*) echo "Dashboards are ready: http://127.0.0.1:5601/app/dashboards" ;;
  *) echo "Kibana did not take every object: $answer" >&2; exit 1 ;;
esac
