/* How pages ask the hub, and how they fill values into its words. */
"use strict";
/* "{n} people" with its values */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/* crypto.randomUUID needs a secure page, and a hall's own network has plain http. */
const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

const askHub = async (path, answerMs, options = {}) => {
  const answer = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(answerMs) });
  if (answer.status === 401) location.reload(); // the session has ended: the page that comes asks for the token
  return answer;
};

const readHub = async (path, answerMs) => {
  const answer = await askHub(path, answerMs);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};
