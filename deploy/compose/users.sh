#!/bin/bash
# Gives Kibana its password and the workers an account of their own.  Safe to repeat.  Passwords go through standard
# input, never through the arguments of a command, where others could see them.
set -euo pipefail

url=${ELASTICSEARCH_URL:-http://elasticsearch:9200}

send() { # method, path, body on one line
  local answer
  answer=$(curl -sS --noproxy '*' --fail-with-body -X "$1" -H 'content-type: application/json' "$url/$2" -K - <<END
user = "elastic:$ELASTIC_PASSWORD"
data = "${3//\"/\\\"}"
END
  ) || { echo "$2: $answer" >&2; exit 1; }
}

for password in "$ELASTIC_PASSWORD" "$KIBANA_PASSWORD" "$GROUNDSWELL_PASSWORD"; do
  if [[ ! $password =~ ^[A-Za-z0-9_-]{12,}$ ]]; then
    echo "A password in .env is too short or holds other than letters, digits, - and _ (at least 12 of them)." >&2
    exit 1
  fi
done

send POST _security/user/kibana_system/_password "{\"password\":\"$KIBANA_PASSWORD\"}"

# The workers make their own templates and indices, and can reach nothing else.
indices='[{"names":["groundswell*"],"privileges":["all"]}]'
send PUT _security/role/groundswell "{\"cluster\":[\"monitor\",\"manage_index_templates\"],\"indices\":$indices}"

send PUT _security/user/groundswell "{\"password\":\"$GROUNDSWELL_PASSWORD\",\"roles\":[\"groundswell\"]}"

echo "Accounts kibana_system and groundswell are ready."
