/* Whether somebody is still there. After so long without a touch it asks; after 20 s more it begins anew, in everybody's
   form: a mode lasts until the person leaves. */
"use strict";
const Idle = (wanted) => {
  const ASK_S = 45;
  const ASK_SLOW_S = 90; // in large text or read aloud: who reads slowly is not hurried (design, "Access")
  const ANSWER_S = 20;
  const STEP_MS = 250;
  const box = document.querySelector("[data-still]");
  const left = document.querySelector("[data-still-left]");
  let touched = performance.now();
  let asked = 0;
  let before = null;

  const close = () => {
    box.hidden = true;
    asked = 0;
    before?.isConnected && before.focus();
    before = null;
  };
  const touch = () => { touched = performance.now(); };
  /* While it asks, a touch anywhere is the answer, and only that: it must not press what lies beneath. */
  const answer = (event) => {
    if (!asked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    touch();
    close();
  };
  const step = () => {
    const now = performance.now();
    if (!wanted.mayEnd()) { touched = now; if (asked) close(); return; }
    if (asked) {
      const seconds = Math.ceil(ANSWER_S - (now - asked) / 1000);
      if (left.textContent !== String(Math.max(0, seconds))) left.textContent = String(Math.max(0, seconds));
      if (seconds <= 0) { close(); wanted.onEnd(); touched = now; }
    } else if (now - touched > (wanted.isSlow() ? ASK_SLOW_S : ASK_S) * 1000) {
      asked = now;
      before = document.activeElement;
      box.hidden = false;
      document.querySelector("[data-still-yes]").focus();
    }
  };
  for (const name of ["pointerdown", "keydown", "wheel"]) addEventListener(name, touch, { capture: true, passive: true });
  addEventListener("click", answer, { capture: true });
  addEventListener("keydown", answer, { capture: true });
  setInterval(step, STEP_MS);

};
