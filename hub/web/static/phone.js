/* The phone asks again and again, faster when its turn is near: a phone sleeps, changes its network and wakes, and a
   question is all that it needs to be right again. What is older than STALE_MS is marked. */
"use strict";
(() => {
  const STALE_MS = 15000; // three answers of the middle pace
  const ANSWER_MS = 8000;
  const RING_AHEAD = 3;
  const TONES = [[880, 0], [660, 0.35], [880, 0.9], [660, 1.25]];
  const root = document.documentElement;
  const main = document.getElementById("content");
  const words = main.dataset;
  const english = words.lang === "en";
  const all = (name) => document.querySelectorAll(`[data-${name}]`);
  const put = (name, text) => { for (const place of all(name)) if (place.textContent !== text) place.textContent = text; };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const own = (thing, field = "name") => (english && thing?.[`${field}_en`]) || thing?.[field] || "";
  const STATES = { waiting: "waiting", printing: "waiting", called: "called", arrived: "serving", at_window: "serving", held: "held", missed: "missed", finished: "finished", cancelled: "cancelled" };
  let shown = JSON.parse(words.state);
  let heardAt = performance.now();
  let heardText = shown.as_of.slice(11, 19);
  let timer = 0;
  let sound = null;
  let rung = "";

  const bold = (name, text, value) => {
    for (const place of all(name)) {
      const [before, after] = text.split("{n}");
      const number = document.createElement("span");
      number.className = "num";
      number.textContent = value;
      place.replaceChildren(before, number, after || "");
    }
  };
  const ring = () => {
    navigator.vibrate?.([300, 150, 300]);
    if (!sound) return;
    for (const [pitch, at] of TONES) {
      const tone = sound.createOscillator();
      const gain = sound.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.4, sound.currentTime + at);
      gain.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + at + 0.3);
      tone.connect(gain).connect(sound.destination);
      tone.start(sound.currentTime + at);
      tone.stop(sound.currentTime + at + 0.3);
    }
    root.dataset.rang = String(Number(root.dataset.rang || 0) + 1);
  };
  const draw = () => {
    const state = STATES[shown.state] || "waiting";
    root.dataset.ticket = state;
    put("number", shown.number);
    put("service", own(shown.service));
    put("issued", shown.issued_at.slice(11, 16));
    put("place", shown.window ? own(shown.window, "place") : "");
    for (const row of all("matter-row")) row.hidden = !shown.matter;
    put("matter", own(shown.matter));
    for (const row of all("papers-row")) row.hidden = !own(shown.matter, "papers");
    put("papers", own(shown.matter, "papers"));
    if (state === "waiting") {
      if (shown.ahead > 0) bold("ahead-text", words.ahead, shown.ahead);
      else put("ahead-text", words.next);
      const dots = document.querySelector("[data-dots]");
      const count = Math.min(shown.ahead, 5);
      if (dots.children.length !== count) dots.replaceChildren(...Array.from({ length: count }, () => document.createElement("i")));
      put("about-text", shown.wait ? fill(words.about, { low: shown.wait.low_min, high: shown.wait.high_min }) : words.soon);
      document.querySelector("[data-estimate]").hidden = !shown.wait;
    }
    if (shown.window) {
      put("window", shown.window.label);
      for (const place of all("window")) place.classList.toggle("words", !/^\d+$/.test(shown.window.label));
      const where = own(shown.window, "place");
      put("at-text", where ? fill(words.at, { place: where }) : words.only);
    }
    if (state === "called") {
      put("turn-text", fill(words.turn, { number: shown.number }));
      put("again-text", fill(words.again, { n: shown.times, time: shown.called_at.slice(11, 16), most: shown.times_most }));
    }
    put("updated-text", fill(words.updated, { time: shown.as_of.slice(11, 19) }));
    const moment = state === "called" ? `called ${shown.times}` : state === "waiting" && shown.ahead <= RING_AHEAD ? "near" : "";
    if (moment && moment !== rung && (state === "called" || sound)) {
      rung = moment;
      ring();
    }
    document.title = document.title.replace(/^.*?(?= · )/, state === "called" ? fill(words.turn, { number: shown.number }) : shown.number);
  };
  const fresh = () => {
    const stale = performance.now() - heardAt > STALE_MS;
    root.dataset.link = stale ? "stale" : "live";
    if (stale) put("since", heardText);
  };
  const ask = async () => {
    clearTimeout(timer);
    try {
      const answer = await fetch(`/t/${words.token}/state`, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.status === 404) { location.reload(); return; }
      if (answer.ok) take(await answer.json());
    } catch (error) {
      console.info("no answer:", error.name);
    }
    timer = setTimeout(ask, shown.next_s * 1000);
  };
  const take = (now) => {
    if (now.release !== shown.release) { location.reload(); return; }
    shown = now;
    heardAt = performance.now();
    heardText = shown.as_of.slice(11, 19);
    draw();
    fresh();
  };
  document.querySelector("[data-ring]").addEventListener("click", (event) => {
    const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(on));
    if (on) { sound ||= new AudioContext(); sound.resume(); ring(); } else { sound?.close(); sound = null; }
  });
  const sure = document.querySelector("[data-sure]");
  const giveBack = document.querySelector("[data-give-back]");
  const close = () => { sure.hidden = true; giveBack.hidden = false; giveBack.focus(); };
  giveBack.addEventListener("click", () => { giveBack.hidden = true; sure.hidden = false; sure.querySelector("[data-sure-no]").focus(); });
  sure.querySelector("[data-sure-no]").addEventListener("click", close);
  sure.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  sure.querySelector("[data-sure-yes]").addEventListener("click", async () => {
    const failed = sure.querySelector("[data-sure-failed]");
    failed.hidden = true;
    try {
      const answer = await fetch(`/t/${words.token}/cancel`, { method: "POST", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.json());
    } catch (error) {
      console.info("not cancelled:", error.message);
      failed.hidden = false;
    }
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  addEventListener("online", ask);
  draw();
  fresh();
  setInterval(fresh, 1000);
  timer = setTimeout(ask, shown.next_s * 1000);
})();
