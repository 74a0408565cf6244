// A portal's three calls in JavaScript: hand in a form, list the person's requests, add to one. Takes Node.js 18 or later.
//
//   PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=… node passerelle.mjs ce.0210001A@ac-dijon.fr
import { createHash, createHmac, randomUUID } from "node:crypto";

const { PASSERELLE_URL: url, PASSERELLE_SECRET: secret } = process.env;
if (process.argv.length !== 3 || !url || !secret) {
  console.error("usage: PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=... passerelle.mjs REQUESTER");
  process.exit(64);
}

/** Signs and sends a call; gives its answer. */
async function call(method, path, query, document, key) {
  const address = `${path}?${new URLSearchParams(query)}`;
  const body = document === undefined ? "" : JSON.stringify(document);
  const timestamp = Math.floor(Date.now() / 1000).toString();
  // What is signed is what is sent, byte for byte, each with a line feed behind it.
  const digest = createHash("sha256").update(body, "utf8").digest("hex");
  const signed = ["v3", timestamp, method, address, key ?? "", digest, ""].join("\n");
  const signature = createHmac("sha256", secret).update(signed, "utf8").digest("hex");
  const headers = { "X-Passerelle-Timestamp": timestamp, "X-Passerelle-Signature": `v3=${signature}` };
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(url + address, { method, headers, body: body || undefined });
  const told = await answer.json();
  // A problem (RFC 9457): its reason for programs, its detail for people. After 503, send the same again.
  if (!answer.ok) {
    console.error(`${told.status} ${told.reason}: ${told.detail}`);
    process.exit(1);
  }
  return told;
}

const requester = { requester: process.argv[2] };
const form = {
  application: "LSU",
  title: "Bilans bloqués (JavaScript)",
  description: "Le bouton « Valider » reste grisé.",
  attachments: [{ name: "capture.txt", content_type: "text/plain", content: "RXJyZXVyIDUwMA==" }],
};
// The key is the portal's own number of the form: sent again with it, the form makes no second ticket.
const { ticket } = await call("POST", "/v1/requests", requester, form, randomUUID());
console.log(`ticket ${ticket}`);

const listed = await call("GET", "/v1/requests", { ...requester, state: "en-attente", q: "grisé" });
console.log(`listed ${listed.requests.length}`);

const more = { description: "Toutes les classes de CM2 sont concernées." };
await call("POST", `/v1/requests/${ticket}/followups`, requester, more, randomUUID());
console.log(`added to ${ticket}`);
