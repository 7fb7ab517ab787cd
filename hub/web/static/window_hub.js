/* What the clerk's page asks of the hub. A press is one request with an id of its own: it is sent at once or not at all,
   and where an answer got lost the same id is asked once more, which changes nothing if the first one was done. Nothing
   is kept for later. */
"use strict";
const WORDS = JSON.parse(document.getElementById("words").textContent);
/* "{n} people" with its values */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const Hub = (() => {
  const ANSWER_MS = 3000; // a healthy hub answers in milliseconds; whoever waits longer should hear that it is away
  const TRIES = 2; // the press, and once more for an answer that got lost
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const door = `/api/v1/windows/${encodeURIComponent(WORDS.window)}`;

  /* randomUUID needs a secure page, and a hall's own network has plain http. */
  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };

  const ask = async (path, options = {}) => {
    const answer = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status === 401) location.reload(); // the session has ended: the page that comes asks for the token
    return answer;
  };

  const read = async (path) => {
    const answer = await ask(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };

  /* {view} when done, {problem} when refused, {lost: true} when nobody answered: then it may or may not be done. */
  const post = async (path, wanted) => {
    const body = JSON.stringify(wanted);
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      try {
        const answer = await ask(path, { method: "POST", body, headers });
        return answer.ok ? { view: await answer.json() } : { problem: await answer.json() };
      } catch (error) {
        console.info(path, error);
      }
    }
    return { lost: true };
  };
  const press = (command, more) => post(`${door}/commands`, { command, id: uuid(), ...more });
  const changePin = (staff, pin, fresh) => post(`/api/v1/staff/${encodeURIComponent(staff)}/pin`, { pin, new_pin: fresh });

  return { desk: () => read(door), hall: () => read("/api/v1/hall"), press, changePin };
})();
