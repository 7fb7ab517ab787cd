/* What the clerk's page asks of the hub. A press is one request with an id of its own: it is sent at once or not at all,
   and where an answer got lost the same id is asked once more, which changes nothing if the first one was done. Nothing
   is kept for later. */
"use strict";
const WORDS = JSON.parse(document.getElementById("words").textContent);

const Hub = (() => {
  const ANSWER_MS = 3000; // a healthy hub answers in milliseconds; whoever waits longer should hear that it is away
  const TRIES = 2; // the press, and once more for an answer that got lost
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const door = `/api/v1/windows/${encodeURIComponent(WORDS.window)}`;

  /* {view} when done, {problem} when refused, {lost: true} when nobody answered: then it may or may not be done. */
  const post = async (path, wanted) => {
    const body = JSON.stringify(wanted);
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      try {
        const answer = await askHub(path, ANSWER_MS, { method: "POST", body, headers });
        return answer.ok ? { view: await answer.json() } : { problem: await answer.json() };
      } catch (error) {
        console.info(path, error);
      }
    }
    return { lost: true };
  };
  const press = (command, more) => post(`${door}/commands`, { command, id: newId(), ...more });
  const changePin = (staff, pin, fresh) => post(`/api/v1/staff/${encodeURIComponent(staff)}/pin`, { pin, new_pin: fresh });

  return { desk: () => readHub(door, ANSWER_MS), hall: () => readHub("/api/v1/hall", ANSWER_MS), press, changePin };
})();
