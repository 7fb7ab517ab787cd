/* A zone's board. What it shows is a function of the last state it was given and of the changes since; it is left alone
   for months, so nothing here waits for a hand: the stream comes back by itself, a new version of the pages loads itself,
   a new day begins by the hub's clock. */
"use strict";
(() => {
  const HOLD_MS = 8000; // a call stays in the frame at least so long (design)
  const FRAMES_MOST = 6; // calls that wait for the frame; more are in the list, where all are at once
  const SPOKEN_MS = 45000; // a call that the voice has not come to by then is framed without it
  const LABEL = /\d{1,3}/;
  const root = document.documentElement;
  const one = (name) => document.querySelector(`[data-${name}]`);
  const put = (place, text) => { if (place.textContent !== text) place.textContent = text; };
  const words = one("words").dataset;
  const main = document.getElementById("content");
  const zone = new URLSearchParams(location.search).get("zone") || "";
  let state = JSON.parse(main.dataset.state);
  let framed = null; // the call in the frame
  let framedAt = -HOLD_MS;
  let frames = []; // calls that wait for the frame, oldest first
  let hubClock = null; // the hub's milliseconds minus performance.now()
  let offset = 0; // the hall's minutes from UTC
  let asking = false;

  /* ---- time: the hub's, for a TV may not know it */
  const setClock = (asOf) => {
    hubClock = Date.parse(asOf) - performance.now();
    const found = asOf.match(/([+-])(\d\d):(\d\d)$/);
    offset = found ? (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3])) : 0;
  };
  const now = () => new Date(hubClock + performance.now() + offset * 60000);
  const two = (n) => String(n).padStart(2, "0");
  const today = () => now().toISOString().slice(0, 10);
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const DAYS = "Sun Mon Tue Wed Thu Fri Sat".split(" ");
  const drawClock = () => {
    if (hubClock === null) return;
    const at = now();
    put(one("clock"), `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`);
    put(one("date"), words.date.replace("{month}", at.getUTCMonth() + 1).replace("{day}", at.getUTCDate()));
    put(one("day"), `${words.days.split(" ")[at.getUTCDay()]} ${DAYS[at.getUTCDay()]}`);
  };

  /* ---- what is shown */
  const label = (id) => {
    const window = state.windows[id];
    const found = window && window.name.match(LABEL);
    return found ? found[0] : window ? window.name : id;
  };
  const size = (place, text) => {
    place.classList.toggle("words", /[^\dA-Za-z]/.test(text));
    place.classList.toggle("long", text.length > 2);
  };
  const same = (a, b) => Boolean(a && b) && a.number === b.number && a.window === b.window;
  const here = (call) => call.window in state.windows && call.called_at.slice(0, 10) === today();
  const ordinal = (n) => `${n}${["th", "st", "nd", "rd"][n % 10 < 4 && (n < 11 || n > 13) ? n % 10 : 0]} call`;
  const when = (call) => call.called_at.slice(11, 16);

  const drawFrame = () => {
    if (!framed) return;
    const stale = root.dataset.link === "stale";
    put(one("now"), stale ? words.last : words.now);
    put(one("now-en"), stale ? `Last call received, ${when(framed)}` : "Now calling");
    put(one("number"), framed.number);
    one("number").classList.toggle("long", framed.number.length > 4);
    const window = label(framed.window);
    put(one("window"), window);
    size(one("window"), window);
    one("window").classList.toggle("long", window.length > 2);
    one("again").hidden = framed.times < 2;
    put(one("again-zh"), words.again.replace("{n}", framed.times));
    put(one("again-en"), ordinal(framed.times));
    const service = state.names[framed.service] || { name: "", name_en: "" };
    const place = state.windows[framed.window]?.place || { name: "", name_en: "" };
    put(one("where"), [service.name, place.name].filter(Boolean).join("·"));
    put(one("where-en"), [service.name_en, place.name_en].filter(Boolean).join(", "));
  };
  const drawList = () => {
    const shown = [];
    for (const call of state.calls) {
      if (here(call) && !same(call, framed) && !shown.some((other) => same(call, other))) shown.push(call);
    }
    const rows = document.querySelectorAll(".last li");
    rows.forEach((row, place) => {
      const call = shown[place];
      row.classList.toggle("none", !call);
      const [number, window] = row.querySelectorAll(".num");
      const text = call ? call.number : "";
      if (number.dataset.shows !== text) {
        number.dataset.shows = text;
        const letters = text.match(/^[A-Z]*/)[0];
        const box = document.createElement("i");
        box.textContent = letters;
        number.replaceChildren(box, text.slice(letters.length));
      }
      put(window, call ? label(call.window) : "");
      size(window, window.textContent);
    });
  };
  const drawWaiting = () => {
    const list = document.querySelector(".wait");
    const most = state.services.slice(0, 8);
    list.toggleAttribute("data-many", most.length > 6);
    while (list.children.length < most.length) list.append(document.getElementById("waiting").content.cloneNode(true));
    while (list.children.length > most.length) list.lastElementChild.remove();
    most.forEach((service, place) => {
      const cell = list.children[place];
      const count = state.queue.waiting[service.service] ?? 0;
      put(cell.querySelector("dt b"), `${service.prefix} ${service.name}`);
      put(cell.querySelector("dt span"), service.name_en);
      put(cell.querySelector(".num"), String(count));
      cell.querySelector("[data-some]").hidden = count === 0;
      cell.querySelector("[data-none]").hidden = count !== 0;
    });
  };
  const drawPaused = () => {
    const paused = state.queue.paused.filter((id) => id in state.windows).map(label);
    const box = one("paused");
    const text = paused.join(" ");
    document.querySelector(".halt").toggleAttribute("data-many", paused.length > 3 || paused.some((name) => name.length > 3));
    if (box.dataset.shows === text) return; // unchanged
    box.dataset.shows = text;
    if (!paused.length) box.textContent = words.none;
    else box.replaceChildren(...paused.map((name) => {
      const place = document.createElement("span");
      const number = document.createElement("b");
      number.className = "num";
      number.textContent = name;
      place.append(number, LABEL.test(name) ? words.unit : "");
      return place;
    }));
  };
  const drawTold = () => {
    const told = [...state.announcements];
    if (!state.giving && state.queue.open > 0) told.unshift({ text: words.stopped, text_en: "No more tickets today; all who hold one are called" });
    const first = told[0];
    root.dataset.notice = first ? "on" : "off";
    one("tell").hidden = !first;
    put(one("tell-zh"), told.slice(0, 2).map((each) => each.text).join("　│　"));
    put(one("tell-en"), told.length === 1 ? first.text_en || "" : "");
  };
  const drawState = () => {
    const called = state.calls.some(here);
    root.dataset.board = hubClock === null ? "loading" : !state.giving && state.queue.open === 0 ? "closed" : called ? "live" : "empty";
    const opens = state.opens || { text: "", text_en: "" };
    put(one("opens-zh"), opens.text ? `${words.opens} ${opens.text}` : "");
    put(one("opens-en"), opens.text_en ? `Open again on ${opens.text_en}.` : "");
    one("training").hidden = !state.training;
  };
  const draw = () => { drawClock(); drawFrame(); drawList(); drawWaiting(); drawPaused(); drawTold(); drawState(); };

  /* ---- the frame follows the voice; without one, each call in its turn */
  const frame = (call) => {
    framed = call;
    framedAt = performance.now();
    const box = document.querySelector(".now");
    box.classList.remove("fresh-call");
    void box.offsetWidth; // so that the breathing begins anew
    box.classList.add("fresh-call");
  };
  const pump = () => {
    frames = frames.filter((each) => here(each.call));
    const due = frames[0];
    if (!due) return;
    const at = performance.now();
    const ready = !state.voice || due.spoken || at - due.at > SPOKEN_MS || !framed;
    if (!ready || (framed && at - framedAt < HOLD_MS)) return;
    frames.shift();
    frame(due.call);
    draw();
  };
  const toFrame = (call) => {
    frames = frames.filter((each) => !same(each.call, call));
    frames.push({ call, at: performance.now(), spoken: false });
    while (frames.length > FRAMES_MOST) frames.shift();
    pump();
  };
  const spoken = (said) => {
    const found = frames.find((each) => same(each.call, said));
    if (found) {
      found.spoken = true;
      frames = [found, ...frames.filter((each) => each !== found)];
    }
    pump();
  };

  /* ---- sound: one clip at a time, in the order in which the hub says them */
  const clips = [];
  let playing = false;
  const play = async () => {
    if (playing || !clips.length) return;
    playing = true;
    const said = clips.shift();
    const audio = new Audio(`/voice/${said.clip}.wav`);
    const button = document.querySelector('[data-sound="off"]');
    const lamp = document.querySelector('div [data-sound="on"]');
    try {
      await audio.play();
      button.hidden = true;
      lamp.hidden = false;
      root.dataset.plays = String(Number(root.dataset.plays || 0) + 1);
      await new Promise((done) => {
        const most = setTimeout(done, said.length_ms + 3000); // a player that hangs holds up nobody
        for (const name of ["ended", "error"]) audio.addEventListener(name, () => { clearTimeout(most); done(); });
      });
    } catch (error) {
      console.info("no sound:", error.name);
      button.hidden = error.name !== "NotAllowedError";
      lamp.hidden = true;
    }
    playing = false;
    play();
  };
  const onSay = (said) => {
    if (said.zone !== state.zone.id && zone) return;
    if (said.time === 1) spoken(said);
    if (main.dataset.sound === "on" && said.clip) {
      if (clips.length > 2) clips.shift();
      clips.push(said);
      play();
    }
  };
  document.querySelector('[data-sound="off"]')?.addEventListener("click", (event) => { event.currentTarget.hidden = true; play(); });

  /* ---- the state */
  const take = (fresh) => {
    state = fresh;
    setClock(state.as_of);
    const newest = state.calls.find(here);
    if (newest && !framed) frame(newest);
    else if (newest && !same(newest, framed)) toFrame(newest);
    if (framed && !here(framed)) framed = newest || null;
    draw();
  };
  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(`/board/state${location.search}`, { cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (answer.ok) take(await answer.json());
    } catch (error) {
      console.info("the state:", error.name);
    }
    asking = false;
  };
  const onChange = (parts) => {
    if (parts.queue) {
      state.queue = { ...state.queue, waiting: parts.queue.waiting, paused: parts.queue.paused, open: parts.queue.open };
      setClock(parts.queue.as_of);
    }
    if (parts.window && parts.window.window in state.windows) state.windows[parts.window.window].state = parts.window.state;
    if (parts.call && parts.call.window in state.windows) {
      state.calls = [parts.call, ...state.calls].slice(0, 24);
      toFrame(parts.call);
    }
    if (parts.hall) ask(); // names, zones or announcements are others now
    draw();
  };
  const onTick = (tick) => {
    setClock(tick.as_of);
    if (tick.release !== state.release) location.reload();
    else if (tick.revision !== state.revision || tick.giving !== state.giving || tick.voice !== state.voice) ask();
    drawClock();
  };
  const fit = () => {
    const scale = Math.min(innerWidth / 1920, innerHeight / 1080);
    document.body.style.transform = scale === 1 ? "" : `scale(${scale})`;
  };
  addEventListener("resize", fit);
  fit();
  take(state);
  Live({ url: "/api/v1/stream", last: state.id, calm: true, onChange, onSnapshot: ask, onTick, onSay, onLink: drawFrame });
  setInterval(() => { drawClock(); pump(); }, 250);
})();
