/* The kiosk: one page that stays, parts that come and go. What is asked of the hub has a limit of time; where it is away
   the screen says so, in words, and asks again until it is back. */
"use strict";
(() => {
  const ANSWER_MS = 6000;
  const PRINT_MS = 40000; // the slowest printer, and the hub's own limits before it
  const SLOW_MS = 2000; // the design's limit before a page says what it waits for
  const AGAIN_MS = 3000;
  const STATE_MS = 5000; // the printer's word; the hub asks it as often
  const CLAIM_MS = 1500;
  const TYPED_MS = 150;
  const HOME = "/kiosk/home";
  const root = document.documentElement;
  const main = document.getElementById("content");
  const given = { ...main.dataset };
  const first = root.lang;
  let lang = first;
  let path = HOME;
  let behind = [];
  let wish = {}; // priority, appointment_at_ms
  let going = 0;
  let left = 0; // the timer of a part that leaves by itself
  let hub = null;
  let queue = null;
  const one = (name) => main.querySelector(`[data-${name}]`);
  const name = () => main.querySelector(".view")?.dataset.name;

  const call = async (where, options = {}, limit = ANSWER_MS) => {
    const url = new URL(where, location.href);
    url.searchParams.set("lang", lang);
    const headers = { "X-CSRF-Token": given.csrf, ...options.headers };
    const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(limit), ...options, headers });
    if (answer.status === 401 || answer.status === 403) location.reload(); // its session is over: the sign-in says so
    if (!answer.ok && answer.status !== 404) throw new Error(String(answer.status));
    return answer;
  };
  const body = (value) => ({ method: "POST", body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });
  const post = async (where, value) => (await call(where, body(value), 20000)).json();

  /* ---- parts */
  const draw = (html, where) => {
    clearInterval(left);
    main.innerHTML = html;
    root.dataset.view = name() || "";
    if (where) path = where;
    dressed();
    main.focus({ preventScroll: true });
    aloud.read();
  };
  const away = (retry) => {
    main.replaceChildren(document.getElementById("offline").content.cloneNode(true));
    root.dataset.view = "away";
    behind = [];
    setTimeout(retry, AGAIN_MS);
  };
  const waitingFor = () => {
    const note = document.getElementById("slow").content.cloneNode(true).firstElementChild;
    const timer = setTimeout(() => document.body.append(note), SLOW_MS);
    return () => { clearTimeout(timer); note.remove(); };
  };
  const show = async (where) => {
    const mine = ++going;
    const done = waitingFor();
    try {
      const answer = await call(where);
      if (mine !== going) return false;
      if (answer.status === 404) return where === HOME ? false : await show(HOME);
      draw(await answer.text(), where);
      return true;
    } catch (error) {
      console.info("no part:", error.message);
      if (mine === going) away(() => { if (root.dataset.view === "away") home(); });
      return false;
    } finally {
      done();
    }
  };
  const go = (where) => { behind.push(path); show(where); };
  const back = () => show(behind.pop() || HOME);
  const home = () => { behind = []; wish = {}; return show(HOME); };
  const leave = () => {
    aloud.set(false);
    for (const aid of ["text", "contrast", "reach"]) Aids.set(aid, false);
    if (lang !== first) { lang = first; location.reload(); return; }
    home();
  };

  /* ---- what a part needs once it stands */
  const clock = () => {
    if (!hub) return;
    const at = new Date(hub.ms + performance.now() - hub.at + hub.offsetMs).toISOString().slice(11, 16);
    for (const place of main.querySelectorAll("[data-clock]")) if (place.textContent !== at) place.textContent = at;
  };
  const counts = () => {
    if (!queue) return;
    for (const place of main.querySelectorAll("[data-waiting]")) {
      const n = queue.waiting[place.dataset.waiting] ?? 0;
      place.textContent = n ? place.dataset.some.replace("{n}", n) : place.dataset.none;
    }
    for (const place of main.querySelectorAll("[data-count]")) place.textContent = queue.waiting[place.dataset.count] ?? 0;
    for (const place of main.querySelectorAll("[data-wait]")) {
      const wait = queue.wait[place.dataset.wait];
      place.textContent = wait ? place.dataset.range.replace("{low}", wait.low_min).replace("{high}", wait.high_min) : place.dataset.unknown;
    }
  };
  const scrollers = () => {
    const list = main.querySelector(".scroll");
    const keys = one("scrollers");
    if (list && keys) keys.hidden = list.scrollHeight <= list.clientHeight + 4;
  };
  const leaves = () => {
    const view = main.querySelector(".view[data-leaves]");
    if (!view) return;
    const whole = Number(view.dataset.leaves) * (view.dataset.claim || !isSlow() ? 1 : 2);
    let ends = performance.now() + whole * 1000;
    let asked = 0;
    left = setInterval(async () => {
      const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
      if (one("left")) one("left").textContent = String(seconds);
      if (one("left-bar")) one("left-bar").style.transform = `scaleX(${Math.max(0, seconds / whole)})`;
      if (view.dataset.claim && performance.now() - asked > CLAIM_MS) {
        asked = performance.now();
        claimed(view.dataset.claim, view);
      }
      if (seconds === 0) { clearInterval(left); leave(); }
    }, 250);
    view.addEventListener("pointerdown", () => { if (!view.dataset.claim) ends = performance.now() + whole * 1000; });
    view.addEventListener("claimed", () => { ends = Math.min(ends, performance.now() + 20000); view.dataset.claim = ""; });
  };
  const claimed = async (code, view) => {
    try {
      const found = await (await call(`/kiosk/claim/${code}`)).json();
      if (found.state === "open" || !view.isConnected) return;
      view.dispatchEvent(new Event("claimed"));
      for (const place of view.querySelectorAll("[data-taken]")) place.textContent = found.number || "";
      for (const place of view.querySelectorAll(found.state === "taken" ? ".if-taken" : ".if-over")) place.hidden = false;
    } catch (error) {
      console.info("the code:", error.message);
    }
  };
  const dressed = () => { clock(); counts(); scrollers(); leaves(); priority(); };

  /* ---- priority and numbers */
  const priority = () => {
    const key = one("priority");
    if (!key) return;
    key.setAttribute("aria-pressed", String(Boolean(wish.priority)));
    const chosen = one("chosen");
    const found = wish.priority && main.querySelector(`[data-class="${wish.priority}"]`);
    chosen.textContent = found ? found.textContent : chosen.dataset.none;
  };
  const take = async (how) => {
    const view = main.querySelector(".view");
    const wanted = { id: newId(), matter: view.dataset.matter, ...wish, printer: how === "paper" ? given.printer : "" };
    for (const key of main.querySelectorAll("button")) key.disabled = true;
    const done = waitingFor();
    try {
      let answer;
      try {
        answer = await call("/kiosk/ticket", body(wanted), PRINT_MS);
      } catch (error) {
        if (error.message.match(/^\d/)) throw error;
        answer = await call("/kiosk/ticket", body(wanted), PRINT_MS); // the same id: never a second number
      }
      wish = {};
      behind = [];
      draw(await answer.text());
    } catch (error) {
      console.info("no number:", error.message);
      away(() => { if (root.dataset.view === "away") home(); });
    } finally {
      done();
    }
  };

  /* ---- finding */
  let typing = 0;
  const typed = () => {
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const field = one("typed");
      if (!field) return;
      const mine = field.value;
      path = `/kiosk/find?q=${encodeURIComponent(mine)}`;
      try {
        const html = await (await call(`${path}&only=1`)).text();
        if (field.isConnected && field.value === mine) { one("found").innerHTML = html; one("found").scrollTop = 0; dressed(); }
      } catch (error) {
        console.info("not found:", error.message);
        away(() => { if (root.dataset.view === "away") home(); });
      }
    }, TYPED_MS);
  };
  const press = (key) => {
    const field = one("typed");
    field.value = key === "clear" ? "" : key === "back" ? field.value.slice(0, -1) : field.value + key;
    typed();
  };

  main.addEventListener("click", (event) => {
    const key = event.target.closest("button");
    if (!key) return;
    const does = key.dataset;
    if (does.go) go(does.go);
    else if ("back" in does) back();
    else if ("home" in does) home();
    else if ("done" in does) leave();
    else if (does.key) press(does.key);
    else if (does.take) take(does.take);
    else if (does.scroll) { const list = main.querySelector(".scroll"); list.scrollBy({ top: Number(does.scroll) * list.clientHeight * 0.85, behavior: "smooth" }); }
    else if (does.slot) { wish.appointment_at_ms = Number(does.slot); go(HOME); }
    else if ("priority" in does) { const box = document.getElementById("classes"); box.hidden = !box.hidden; key.setAttribute("aria-expanded", String(!box.hidden)); scrollers(); }
    else if ("class" in does) { wish.priority = does.class || undefined; document.getElementById("classes").hidden = true; priority(); one("priority").setAttribute("aria-expanded", "false"); one("priority").focus(); scrollers(); }
  });
  main.addEventListener("input", (event) => { if ("typed" in event.target.dataset) typed(); });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && behind.length) back();
    else if (name() === "find" && /^[a-z]$/i.test(event.key) && document.activeElement !== one("typed") && !event.ctrlKey && !event.altKey) one("typed").focus();
  });
  document.querySelector("[data-language]").addEventListener("click", (event) => {
    // The frame's own words are another page; the part that stands goes with it.
    const url = new URL(location.href);
    url.searchParams.set("lang", event.currentTarget.dataset.language);
    url.hash = new URLSearchParams({ at: path, text: root.dataset.text, contrast: root.dataset.contrast, reach: root.dataset.reach }).toString();
    location.href = url;
    if (url.pathname + url.search === location.pathname + location.search) location.reload();
  });
  root.addEventListener("aids", () => { scrollers(); clock(); });

  const isSlow = () => Aids.isOn("text") || aloud.isOn();
  const plain = () => path === HOME && !wish.appointment_at_ms && !["text", "contrast", "reach"].some(Aids.isOn) && !aloud.isOn() && lang === "zh-CN";
  const aloud = Aloud({ post });
  Idle({ isSlow, mayEnd: () => !plain() && root.dataset.view !== "away" && !main.querySelector("[data-leaves]"), onEnd: leave });

  const state = async () => {
    try {
      const now = await (await call(`/kiosk/state?printer=${encodeURIComponent(given.printer)}`)).json();
      root.dataset.paper = now.paper;
      document.querySelector("[data-training]").hidden = !now.training;
      if (now.release !== given.release && plain()) location.reload();
    } catch (error) {
      console.info("the state:", error.message);
    }
    setTimeout(state, STATE_MS);
  };
  const takeQueue = (fresh) => { queue = fresh; counts(); };
  Live({
    url: "/api/v1/stream",
    last: given.last,
    calm: true,
    onChange: (parts) => { if (parts.queue) takeQueue(parts.queue); if (parts.hall && path === HOME) show(HOME); },
    onSnapshot: (all) => takeQueue(all.queue),
    onTick: (tick) => {
      const sign = tick.as_of.match(/([+-])(\d\d):(\d\d)$/);
      hub = { ms: Date.parse(tick.as_of), at: performance.now(), offsetMs: Number(`${sign[1]}1`) * (Number(sign[2]) * 60 + Number(sign[3])) * 60000 };
      clock();
      if (root.dataset.view === "away") home();
    },
    onLink: (link) => { if (link === "stale" && path === HOME && root.dataset.view !== "away") away(() => { if (root.dataset.view === "away") home(); }); },
  });
  setInterval(clock, 1000);
  const fit = () => {
    const scale = Math.min(innerWidth / 1080, innerHeight / 1920);
    document.body.style.transform = scale === 1 ? "" : `scale(${scale})`;
  };
  addEventListener("resize", fit);
  fit();
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const aid of ["text", "contrast", "reach"]) if (asked.get(aid) && asked.get(aid) !== "normal") Aids.set(aid, true);
  const at = asked.get("at");
  history.replaceState(null, "", location.pathname + location.search);
  state();
  show(at && at.startsWith("/kiosk/") ? at : HOME);
})();
