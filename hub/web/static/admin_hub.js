/* What the manager's page asks of the hub. A change names the revision it was made from, so that two managers can't
   write over each other. */
"use strict";
const WORDS = JSON.parse(document.getElementById("words").textContent);

const Hub = (() => {
  const ANSWER_MS = 8000; // a change waits for the disk; a printer's test for the paper
  const FILE_MS = 60_000; // 16 MB over a hall's network, and every signature and digest of it
  const CONFIG = "/api/v1/hall/config";
  const csrf = document.querySelector('meta[name="csrf"]').content;

  /* {done} or {problem}; {lost: true} when nobody answered. */
  const send = async (path, method, body, answerMs, type = "application/json") => {
    const headers = { "Content-Type": type, "X-CSRF-Token": csrf };
    try {
      const answer = await askHub(path, answerMs, { method, headers, body });
      const said = await answer.json();
      return answer.ok ? { done: said } : { problem: { ...said, kind: said.type.replace("urn:tingting:problem:", "") } };
    } catch (error) {
      console.info(path, error);
      return { lost: true };
    }
  };
  const change = (path, method, wanted, answerMs = ANSWER_MS) => send(path, method, JSON.stringify(wanted), answerMs);
  return {
    now: () => readHub("/admin/now", ANSWER_MS),
    config: () => readHub(CONFIG, ANSWER_MS),
    put: (tables) => change(CONFIG, "PUT", tables),
    undo: (revision) => change(`${CONFIG}/undo`, "POST", { revision }),
    renew: (holder) => change("/admin/tokens", "POST", holder),
    day: (wanted) => change("/api/v1/day/commands", "POST", { ...wanted, id: newId() }),
    resetPin: (staff) => change(`/api/v1/staff/${encodeURIComponent(staff)}/pin/reset`, "POST", {}),
    steerUpdate: (wanted) => change("/api/v1/updates/commands", "POST", { ...wanted, id: newId() }),
    giveUpdate: (file, percent, older) => send(`/api/v1/updates?percent=${percent}&older=${older ? 1 : 0}&id=${newId()}`, "POST", file, FILE_MS, "application/zip"),
    testPrint: (printer) => change("/api/v1/printers/test", "POST", { printer }, 30_000),
  };
})();
