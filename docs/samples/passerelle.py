"""A portal's three calls in Python: hand in a form, list the person's requests, add to one. Takes nothing but Python 3.

    PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=… python3 passerelle.py ce.0210001A@ac-dijon.fr
"""

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from urllib.parse import urlencode

URL, SECRET = os.environ.get("PASSERELLE_URL"), os.environ.get("PASSERELLE_SECRET")
if len(sys.argv) != 2 or not URL or not SECRET:
    print("usage: PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=... passerelle.py REQUESTER", file=sys.stderr)
    sys.exit(64)


def call(method, path, query, document=None, key=None):
    """Signs and sends a call; gives its answer."""
    address = f"{path}?{urlencode(query)}"
    body = b"" if document is None else json.dumps(document).encode()
    timestamp = str(int(time.time()))
    # What is signed is what is sent, byte for byte, each with a line feed behind it.
    lines = ["v3", timestamp, method, address, key or "", hashlib.sha256(body).hexdigest(), ""]
    signature = hmac.new(SECRET.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    headers = {"X-Passerelle-Timestamp": timestamp, "X-Passerelle-Signature": f"v3={signature}"}
    if document is not None:
        headers["Content-Type"] = "application/json"
    if key:
        headers["Idempotency-Key"] = key
    request = urllib.request.Request(URL + address, data=body or None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=100) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        # A problem (RFC 9457): its reason for programs, its detail for people. After 503, send the same again.
        problem = json.load(error)
        sys.exit(f"{problem['status']} {problem['reason']}: {problem['detail']}")


requester = {"requester": sys.argv[1]}
form = {
    "application": "LSU",
    "title": "Bilans bloqués (Python)",
    "description": "Le bouton « Valider » reste grisé.",
    "attachments": [{"name": "capture.txt", "content_type": "text/plain", "content": "RXJyZXVyIDUwMA=="}],
}
# The key is the portal's own number of the form: sent again with it, the form makes no second ticket.
ticket = call("POST", "/v1/requests", requester, form, key=str(uuid.uuid4()))["ticket"]
print("ticket", ticket)

listed = call("GET", "/v1/requests", requester | {"state": "en-attente", "q": "grisé"})
print("listed", len(listed["requests"]))

more = {"description": "Toutes les classes de CM2 sont concernées."}
call("POST", f"/v1/requests/{ticket}/followups", requester, more, key=str(uuid.uuid4()))
print("added to", ticket)
