// Tries the calls that the page describes, signed as a portal signs them (v3).
"use strict";

const encoder = new TextEncoder();
const field = id => document.getElementById(id).value.trim();

const hex = bytes => Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, "0")).join("");

/** The hexadecimal HMAC-SHA256 of these bytes. */
async function hmac(secret, bytes) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, bytes));
}

/** The headers that prove a call, by what was typed. */
async function proof(form, method, address, key, body) {
  const ways = form.dataset.ways;
  const [secret, token] = [field("secret"), field("token")];
  if (secret && ways.includes("portal_signature")) {
    if (!globalThis.crypto?.subtle) throw new Error("Browsers sign on https:// and on localhost alone.");
    const timestamp = Math.floor(Date.now() / 1000).toString();
    const digest = hex(await crypto.subtle.digest("SHA-256", body));
    const lines = ["v3", timestamp, method, address, key, digest, ""];
    const signature = await hmac(secret, encoder.encode(lines.join("\n")));
    return { "X-Passerelle-Timestamp": timestamp, "X-Passerelle-Signature": `v3=${signature}` };
  }
  return token && ways.includes("token") ? { Authorization: `Bearer ${token}` } : {};
}

/** The bytes of a body in the chosen encoding, and its media type. */
async function encoded(form) {
  const media = form.querySelector(".media");
  if (!media) return [new Uint8Array(0), null];
  const text = form.querySelector(".body").value;
  if (media.value !== "multipart/form-data") return [encoder.encode(text), media.value];
  const parts = new FormData();
  for (const [name, value] of Object.entries(JSON.parse(text || "{}"))) {
    if (name !== "attachments") parts.append(name, String(value));
  }
  for (const file of form.querySelector("input[type=file]").files) parts.append("attachments", file);
  // The browser chooses the boundary, and the signature covers it: so it is written here, once.
  const whole = new Response(parts);
  return [new Uint8Array(await whole.arrayBuffer()), whole.headers.get("Content-Type")];
}

async function send(form) {
  const { method, path } = form.dataset;
  const headers = {};
  const query = new URLSearchParams();
  let filled = path;
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") filled = filled.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (!input.value) continue;
    else if (input.dataset.in === "query") query.append(input.name, input.value);
    else headers[input.name] = input.value;
  }
  const address = query.size ? `${filled}?${query}` : filled;
  const [body, media] = await encoded(form);
  if (media) headers["Content-Type"] = media;
  Object.assign(headers, await proof(form, method, address, headers["Idempotency-Key"] ?? "", body));
  const answer = await fetch(address, { method, headers, body: media ? body : undefined, redirect: "follow" });
  const told = ["content-type", "location", "link", "retry-after", "allow"];
  const lines = told.filter(name => answer.headers.has(name)).map(name => `${name}: ${answer.headers.get(name)}`);
  return `${method} ${address}\n${answer.status} ${answer.statusText}\n${lines.join("\n")}\n\n${await shown(answer)}`;
}

/** An answer's body as it can be read. */
async function shown(answer) {
  const type = answer.headers.get("content-type") ?? "";
  if (type.includes("json")) return JSON.stringify(await answer.json(), null, 2);
  if (type.startsWith("text/")) return answer.text();
  return `(${(await answer.arrayBuffer()).byteLength} bytes)`;
}

for (const form of document.querySelectorAll("form")) form.hidden = false;
document.getElementById("credentials").addEventListener("submit", event => event.preventDefault());
for (const form of document.querySelectorAll("form.try")) {
  const media = form.querySelector(".media");
  const choose = () => {
    const { value, selectedOptions } = media;
    form.querySelector(".body").value = selectedOptions[0].dataset.example;
    form.querySelector(".files").hidden = value !== "multipart/form-data";
  };
  if (media) {
    media.addEventListener("change", choose);
    choose();
  }
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const output = form.querySelector(".answer");
    output.textContent = "…";
    try {
      output.textContent = await send(form);
    } catch (error) {
      output.textContent = `It could not be sent: ${error.message}`;
    }
  });
}
