// Asks for the figures again and again; says so when they are old. Nothing on the page is older than its "as of" says.
"use strict";
(() => {
  const figures = document.getElementById("figures");
  const stale = document.getElementById("stale");
  const asOf = document.getElementById("asof");
  const everyMs = Number(figures.dataset.everyMs);
  const AWAIT_MS = 2000; // the design's limit before a page says what it waits for
  const ANSWER_MS = 10000; // longer than any report on a healthy center takes
  let last = "";

  const slow = setTimeout(() => {
    const note = document.getElementById("await");
    if (note) note.hidden = false;
  }, AWAIT_MS);

  const say = (words) => {
    figures.dataset.state = last ? "stale" : "error";
    const text = words.replace("{time}", last);
    if (stale.textContent !== text) stale.textContent = text;
    stale.hidden = false;
  };

  const show = (html) => {
    const open = figures.querySelector("details")?.open;
    const focused = figures.contains(document.activeElement) && document.activeElement.tagName === "SUMMARY";
    figures.innerHTML = html;
    const details = figures.querySelector("details");
    if (details && open) details.open = true;
    if (details && focused) details.querySelector("summary").focus();
    last = figures.querySelector("[data-asof]").dataset.asof;
    asOf.textContent = last;
    figures.dataset.state = "live";
    stale.hidden = true;
  };

  const ask = async () => {
    try {
      const answer = await fetch(`/overview${location.search}`, { signal: AbortSignal.timeout(ANSWER_MS), cache: "no-store" });
      if (answer.status === 401) {
        location.assign("/sign-in");
        return;
      }
      if (answer.ok) {
        const html = await answer.text();
        clearTimeout(slow);
        show(html);
      } else {
        say(stale.dataset.error);
      }
    } catch (error) {
      // No answer at all: the network or the center is away.
      console.info(error);
      say(last ? stale.dataset.old : stale.dataset.never);
    }
    setTimeout(ask, everyMs);
  };
  ask();
})();
