/* What the manager's page asks of the hub. A change names the revision it was made from, so that two managers can't
   write over each other. */
"use strict";
const WORDS = JSON.parse(document.getElementById("words").textContent);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const Hub = (() => {
  const ANSWER_MS = 8000; // a change waits for the disk; a printer's test for the paper
  const CONFIG = "/api/v1/hall/config";
  const csrf = document.querySelector('meta[name="csrf"]').content;

  const ask = async (path, method = "GET", body = undefined, answerMs = ANSWER_MS) => {
    const headers = { "X-CSRF-Token": csrf };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(path, { method, headers, cache: "no-store", signal: AbortSignal.timeout(answerMs),
      body: body === undefined ? undefined : JSON.stringify(body) });
    if (answer.status === 401) location.reload(); // the session has ended: the page that comes asks for the token
    return answer;
  };
  const read = async (path) => {
    const answer = await ask(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  /* {done} or {problem}; {lost: true} when nobody answered. */
  const change = async (path, method, body, answerMs) => {
    try {
      const answer = await ask(path, method, body, answerMs);
      const said = await answer.json();
      return answer.ok ? { done: said } : { problem: { ...said, kind: said.type.replace("urn:tingting:problem:", "") } };
    } catch (error) {
      console.info(path, error);
      return { lost: true };
    }
  };
  /* randomUUID needs a secure page, and a hall's own network has plain http. */
  const uuid = () => {
    const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  return {
    now: () => read("/admin/now"),
    config: () => read(CONFIG),
    put: (tables) => change(CONFIG, "PUT", tables),
    undo: (revision) => change(`${CONFIG}/undo`, "POST", { revision }),
    renew: (holder) => change("/admin/tokens", "POST", holder),
    day: (wanted) => change("/api/v1/day/commands", "POST", { ...wanted, id: uuid() }),
    resetPin: (staff) => change(`/api/v1/staff/${encodeURIComponent(staff)}/pin/reset`, "POST", {}),
    testPrint: (printer) => change("/api/v1/printers/test", "POST", { printer }, 30_000),
  };
})();
