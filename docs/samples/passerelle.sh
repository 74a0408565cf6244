#!/bin/sh
# A portal's three calls in shell: hand in a form, list the person's requests, add to one. Takes openssl and curl.
#
#   PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=… ./passerelle.sh ce.0210001A@ac-dijon.fr
set -eu
if [ $# -ne 1 ] || [ -z "${PASSERELLE_URL:-}" ] || [ -z "${PASSERELLE_SECRET:-}" ]; then
  echo 'usage: PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=... passerelle.sh REQUESTER' >&2
  exit 64
fi
requester=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Signs and sends: method, path with query as it is sent, key, file of the body, then what else curl takes.
call() {
  method=$1 address=$2 key=$3 body=$4
  shift 4
  timestamp=$(date +%s)
  digest=$(openssl dgst -sha256 <"$body" | sed 's/^.* //')
  # What is signed is what is sent, byte for byte, each with a line feed behind it.
  signature=$(printf 'v3\n%s\n%s\n%s\n%s\n%s\n' "$timestamp" "$method" "$address" "$key" "$digest" |
    openssl dgst -sha256 -hmac "$PASSERELLE_SECRET" | sed 's/^.* //')
  # A problem (RFC 9457): its reason for programs, its detail for people. After 503, send the same again.
  curl --silent --show-error --fail-with-body --output "$folder/answer" --request "$method" "$PASSERELLE_URL$address" \
    --header "X-Passerelle-Timestamp: $timestamp" --header "X-Passerelle-Signature: v3=$signature" "$@" ||
    { cat "$folder/answer" >&2; exit 1; }
  cat "$folder/answer"
}

# A text as it may stand in a query.
encoded() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'; }

query="requester=$(encoded "$requester")"
cat >"$folder/form.json" <<'JSON'
{
  "application": "LSU",
  "title": "Bilans bloqués (shell)",
  "description": "Le bouton « Valider » reste grisé.",
  "attachments": [{"name": "capture.txt", "content_type": "text/plain", "content": "RXJyZXVyIDUwMA=="}]
}
JSON
# The key is the portal's own number of the form: sent again with it, the form makes no second ticket.
key=portail-$(date +%s)-$$
created=$(call POST "/v1/requests?$query" "$key" "$folder/form.json" --data-binary "@$folder/form.json" \
  --header 'Content-Type: application/json' --header "Idempotency-Key: $key")
ticket=$(printf '%s' "$created" | sed 's/.*"ticket":\([0-9]*\).*/\1/')
echo "ticket $ticket"

echo "listed $(call GET "/v1/requests?$query&state=en-attente&q=$(encoded grisé)" '' /dev/null |
  grep -o '"number":' | wc -l | tr -d ' ')"

printf '{"description": "Toutes les classes de CM2 sont concernées."}' >"$folder/more.json"
call POST "/v1/requests/$ticket/followups?$query" "$key-1" "$folder/more.json" --data-binary "@$folder/more.json" \
  --header 'Content-Type: application/json' --header "Idempotency-Key: $key-1" >"$folder/added.json"
echo "added to $ticket"
