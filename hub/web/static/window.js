/* The clerk's window: what is pressed goes to the hub at once or not at all; what is shown is what the hub has on disk. */
"use strict";
(() => {
  const AWAIT_MS = 2000; // the design's limit before a page says what it waits for
  const TOGETHER_MS = 80; // changes that come in one breath are asked for once
  const LATER_MS = 5000; // what is no business of this window may be as old
  const AGAIN_MS = 2000; // how often the hub is looked for while it is away
  const at = (id) => document.getElementById(id);
  const now = { desk: null, hall: { services: {}, windows: {}, version: 0 }, online: false, since: "", busy: "", skewMs: 0 };
  let asked = 0;
  let asking = false;
  let againAsked = false;

  const nowMs = () => Date.now() + now.skewMs;
  const draw = () => View.draw({ ...now, nowMs: nowMs() });
  const slow = setTimeout(() => { at("loading").hidden = Boolean(now.desk); }, AWAIT_MS);

  const tell = (words) => { at("told").textContent = words; };
  const say = (words) => {
    at("said").hidden = !words;
    at("said-words").textContent = words ?? "";
  };

  const offline = () => {
    if (now.online || !now.since) now.since = View.clock(now.desk, nowMs());
    now.online = false;
    Ask.shut();
    draw();
    clearTimeout(asked);
    asked = setTimeout(load, AGAIN_MS);
  };

  const named = (entry) => (document.documentElement.lang === "en" && entry.name_en ? entry.name_en : entry.name);
  const takeHall = (hall) => {
    document.querySelector("[data-training]").hidden = !hall.training;
    now.hall = {
      services: Object.fromEntries(hall.services.map((each) => [each.service, named(each)])),
      windows: Object.fromEntries(hall.windows.map((each) => [each.window, { name: named(each), state: each.state }])),
      version: now.hall.version + 1,
    };
  };

  /* Two answers may overtake each other, so only one question is under way. */
  const load = async () => {
    if (asking) {
      againAsked = true;
      return;
    }
    asking = true;
    clearTimeout(asked);
    asked = 0;
    try {
      const [desk, hall] = await Promise.all([Hub.desk(), Hub.hall()]);
      takeHall(hall);
      now.desk = desk;
      now.skewMs = Date.parse(desk.as_of) - Date.now();
      now.online = true;
      now.since = "";
      clearTimeout(slow);
      at("loading").hidden = true;
      draw();
    } catch (error) {
      console.info(error);
      offline();
    }
    asking = false;
    if (againAsked) {
      againAsked = false;
      soon();
    }
  };
  const soon = () => {
    clearTimeout(asked);
    asked = setTimeout(load, TOGETHER_MS);
  };

  /* What is this window's own, or in a line that it serves, is asked for at once; anything else may wait a little, so
     that 300 windows don't ask for each other's every step. */
  let seen = "";
  const onChange = (change) => {
    const lines = JSON.stringify(now.desk?.services.map((id) => change.queue?.waiting[id]));
    const mine = change.window?.window === WORDS.window || (Boolean(change.queue) && lines !== seen);
    if (change.queue) seen = lines;
    if (mine) soon();
    else if (!asked) asked = setTimeout(load, LATER_MS);
  };

  const act = async (command, more) => {
    if (now.busy || !now.online) return;
    now.busy = command;
    say(null);
    draw();
    const { view, problem, lost } = command === "pin"
      ? await Hub.changePin(more.staff, more.pin, more.fresh) : await Hub.press(command, more);
    now.busy = "";
    if (lost) {
      say(WORDS.lost);
      offline();
      return;
    }
    if (problem) {
      const kind = problem.type.replace("urn:tingting:problem:", "").replaceAll("-", "_");
      say(fill(WORDS.refused[kind] ?? WORDS.refused.other, { number: more?.number ?? now.desk?.ticket?.number ?? "", detail: problem.detail ?? problem.title }));
    } else if (command === "pin") tell(WORDS.pin_changed);
    else {
      const number = view.ticket?.number ?? more?.number ?? "";
      tell(fill(WORDS.done[command] ?? WORDS.done.other, { number }));
    }
    await load();
    draw();
  };

  const QUESTIONS = ["transfer", "hold", "pause", "cancel", "walk_up", "by_number", "finish_then"];
  const press = (verb, number) => {
    if (now.busy) return;
    const why = View.bar(now.desk, verb, now.online);
    if (why) {
      tell("");
      const words = View.barWords(now.desk, verb, why);
      requestAnimationFrame(() => tell(`${WORDS.verbs[verb] ?? ""}${WORDS.colon}${words}`));
      return;
    }
    if (verb === "walk_up" && now.desk.services.length === 1) act(verb, { service: now.desk.services[0] });
    else if (QUESTIONS.includes(verb)) Ask.open(verb, now);
    else if (number) act(verb, { number });
    else act(verb);
  };
  Ask.onAct(act);

  document.addEventListener("click", (event) => {
    const row = event.target.closest("#rows .row");
    const button = event.target.closest("button[data-verb]");
    /* A mouse leaves no focus behind on a key: Enter is the filled key's. */
    if (event.detail > 0) event.target.closest("main button, .bar button")?.blur();
    if (row) {
      if (View.bar(now.desk, "call", now.online)) press("call");
      else if (row.parentElement.classList.contains("next")) press("next");
      else Ask.open("call", now, row.dataset.number);
    } else if (button) press(button.dataset.verb, button.dataset.number);
  });
  at("said-close").addEventListener("click", () => say(null));

  const letters = at("letters");
  try { letters.checked = localStorage.getItem("letters") !== "off"; } catch (error) { console.info(error); }
  const drawLetters = () => document.body.classList.toggle("without-letters", !letters.checked);
  letters.addEventListener("change", () => {
    try { localStorage.setItem("letters", letters.checked ? "on" : "off"); } catch (error) { console.info(error); }
    drawLetters();
  });
  drawLetters();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing || Ask.isOpen()) return;
    const target = event.target;
    if (target.matches("input:not([type='checkbox']), select, textarea")) return;
    if (event.key === "Enter") {
      if (!target.closest("button, a, input") && now.desk && now.desk.state !== "closed") {
        event.preventDefault();
        press(View.FILLED[now.desk.state]);
      }
      return;
    }
    if (!letters.checked) return;
    const wanted = Object.entries(View.LETTERS).filter(([, letter]) => letter === event.key.toUpperCase()).map(([verb]) => verb);
    if (wanted.length === 0) return;
    event.preventDefault();
    press(wanted.length > 1 && now.desk?.state === "paused" ? "unpause" : wanted[0]);
  });

  at("enter").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const wrong = at("enter-wrong");
    const fields = ["staff", "pin"].map((name) => form.elements[name]).filter(Boolean);
    const empty = fields.find((field) => !field.value.trim());
    for (const field of fields) field.removeAttribute("aria-invalid");
    wrong.hidden = !empty;
    if (empty) {
      wrong.textContent = WORDS.fill_in;
      empty.setAttribute("aria-invalid", "true");
      empty.focus();
      return;
    }
    const more = { staff: form.elements.staff.value.trim(), role: form.elements.role.value };
    if (form.elements.pin) more.pin = form.elements.pin.value;
    await act("sign_in", more);
    if (form.elements.pin) form.elements.pin.value = "";
    if (now.desk?.staff) form.reset();
    else at("staff-code").focus();
  });

  at("pin-change")?.addEventListener("click", () => { if (now.online) Ask.open("pin", now); });

  setInterval(draw, 1000);
  /* With no stream to be had (too many listen), the page asks by itself. */
  setInterval(() => { if (now.online && document.documentElement.dataset.link !== "live") load(); }, AGAIN_MS);
  Live({
    url: "/api/v1/stream",
    last: WORDS.last,
    onChange,
    onSnapshot: soon,
    onCut: load, // a key that looks ready while the hub is gone would be a lie: look at once
    onTick: () => { if (!now.online) soon(); },
    onLink: (state) => { if (state === "stale") offline(); else if (state === "live") soon(); },
  });
  draw();
  load();
})();
