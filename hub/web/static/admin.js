/* Which page stands here, what is known, and how a change is written. The address after # says the page, so that a
   reload, a bookmark and the back key work. */
"use strict";
(() => {
  const EVERY_MS = 5000; // what is wrong should show within a few seconds
  const { make, table, button, tell, hush } = Parts;
  const at = (id) => document.getElementById(id);
  const FORMS = WORDS.forms;
  const NAV = ["now", "start", "day", "hall", "zones", "services", "matters", "windows", "staff", "announcements", "devices", "updates", "links", "dispensers", "printers", "leds", "journal", "tokens", "backup", "history"];
  const LIVE = ["now", "start", "day", "devices", "updates", "journal"]; // drawn anew when new figures come
  const known = { now: null, config: null };
  let asOf = "";
  let drawn = "";

  const title = (section) => WORDS.sections[section] ?? FORMS[section]?.title ?? section;
  const parts = () => decodeURIComponent(location.hash.slice(1)).split("/");
  /* told: what was just said of a change is still to be read on the page that follows. */
  let told = false;
  const go = (hash, saying = false) => {
    told = saying;
    if (location.hash === `#${hash}`) draw();
    else location.hash = hash;
  };

  const write = async (tables, words, then) => {
    const { done, problem, lost } = await Hub.put({ ...tables, revision: known.config.revision });
    if (lost) return [["", WORDS.no_answer]];
    if (problem) {
      if (problem.kind === "changed-meanwhile") {
        await loadConfig();
        return [["", WORDS.meanwhile]];
      }
      const found = /^(\w+)(?:\[\d+\])?\.(\w+)(?:\[\d+\])?: (.*)$/s.exec(problem.detail ?? "");
      return [[found?.[2] ?? "", found?.[3] ?? problem.detail ?? problem.title]];
    }
    await Promise.all([loadConfig(), loadNow()]);
    if (then) go(then, true);
    else draw();
    if (!done.changes.length) tell(WORDS.unchanged);
    else if (Object.keys(done.tokens).length) tell(WORDS.new_tokens, { list: Object.entries(done.tokens), act: hush, actText: WORDS.got_it });
    else tell(words, { act: undo, actText: WORDS.undo });
    return null;
  };
  const undo = async () => {
    const { done, problem } = await Hub.undo(known.config.revision);
    await Promise.all([loadConfig(), loadNow()]);
    draw();
    if (done) tell(`${WORDS.undone}: ${Pages.what(done.changes)}`);
    else tell(problem ? fill(WORDS.refused, { detail: problem.detail ?? problem.title }) : WORDS.no_answer, { bad: true });
  };
  const say = (errors) => { if (errors) tell(errors[0][1], { bad: true }); };

  const rowsOf = (name) => known.config[name];
  const keyOf = (name, row) => String(row[FORMS[name].key]);
  const list = (name) => {
    const form = FORMS[name];
    const rows = rowsOf(name);
    const columns = form.fields.filter((field) => ["text", "row", "rows", "number", "choice"].includes(field.kind)).slice(0, 4);
    const put = (changed, words) => write({ [name]: changed }, words).then(say);
    const move = (index, by) => {
      const changed = [...rows];
      changed.splice(index + by, 0, ...changed.splice(index, 1));
      put(changed, WORDS.moved);
    };
    const shown = (field, row) => {
      const value = row[field.name];
      const named = (id) => known.config[field.of]?.find((each) => each.id === id)?.name ?? id;
      if (Array.isArray(value)) return value.map(named).join(WORDS.comma) || "—";
      return field.kind === "row" && value ? named(value) : String(value ?? "") || "—";
    };
    return [make("p", {}, make("a", { class: "button main", href: `#${name}/new`, text: fill(WORDS.add, { one: form.one }) })),
      table(columns.map((field) => field.label), rows.map((row, index) => {
        const key = keyOf(name, row);
        return { cells: columns.map((field) => shown(field, row)), acts: [
          make("a", { class: "button", href: `#${name}/edit/${encodeURIComponent(key)}`, text: WORDS.edit, "aria-label": `${WORDS.edit} ${key}` }),
          button("↑", () => move(index, -1), { "aria-label": `${WORDS.up} ${key}`, disabled: index === 0 }),
          button("↓", () => move(index, 1), { "aria-label": `${WORDS.down} ${key}`, disabled: index === rows.length - 1 }),
          button(WORDS.remove, () => put(rows.filter((other) => other !== row), fill(WORDS.removed, { what: row.name ?? key })), { "aria-label": `${WORDS.remove} ${key}` }),
        ] };
      }), form.title)];
  };
  const sheet = (name, key) => {
    const form = FORMS[name];
    const rows = rowsOf(name);
    const row = key === null ? null : rows.find((each) => keyOf(name, each) === key);
    if (row === undefined) return [make("p", { text: WORDS.empty })];
    return [Form.build({ fields: form.fields, row, config: known.config, keyField: form.key, taken: rows.map((each) => keyOf(name, each)), back: () => go(name),
      save: (made) => write({ [name]: row ? rows.map((each) => (each === row || keyOf(name, each) === key ? made : each)) : [...rowsOf(name), made] },
        fill(WORDS.saved, { what: made.name ?? made[form.key] }), name) })];
  };
  const hall = () => [Form.build({ fields: FORMS.hall.fields, row: known.config.hall, config: known.config, keyField: null, taken: [], back: () => go("now"),
    save: (made) => write({ hall: made }, fill(WORDS.saved, { what: FORMS.hall.title })) })];

  const content = ([section, act, key]) => {
    const page = Pages[section]?.({ ...known, undo, again: async () => { await loadNow(); draw(); }, write: (tables, words) => write(tables, words, "history").then(say), draw }) ?? [];
    if (section === "hall") return hall();
    if (!FORMS[section]) return page;
    if (act === "new") return sheet(section, null);
    if (act === "edit") return sheet(section, key);
    return [...page, ...list(section)];
  };

  /* Where the reader is: what has the focus, and how far each wide table is pushed aside. New figures take neither away. */
  const place = () => {
    const sign = (element) => `${element.tagName} ${element.id} ${element.getAttribute("aria-label") ?? element.textContent}`;
    const before = document.activeElement;
    const held = at("page").contains(before) ? sign(before) : null;
    const aside = [...document.querySelectorAll("#page .wide")].map((each) => [each.getAttribute("aria-label"), each.scrollLeft]);
    return () => {
      for (const [label, left] of aside) for (const each of document.querySelectorAll("#page .wide")) if (each.getAttribute("aria-label") === label) each.scrollLeft = left;
      if (held && before.isConnected) before.focus();
      else if (held) [...at("page").querySelectorAll("a, button, input, [tabindex]")].find((each) => sign(each) === held)?.focus();
    };
  };
  const draw = (byHand = false) => {
    if (!known.now || !known.config) return;
    const [section, act, key] = parts();
    const here = NAV.includes(section) ? section : known.now.wrong.length || known.now.steps.every((step) => step.done) ? "now" : "start";
    at("nav").replaceChildren(...NAV.map((each) => make("li", {}, make("a", { href: `#${each}`, "aria-current": each === here ? "page" : undefined }, title(each),
      each === "now" && known.now.wrong.length ? make("span", { class: "count", text: String(known.now.wrong.length) }) : null))));
    const words = act === "new" ? fill(WORDS.add, { one: FORMS[here].one }) : act === "edit" ? `${WORDS.edit}: ${FORMS[here].one} ${key}` : title(here);
    const heading = make("h1", { tabindex: "-1", text: words });
    const back = place();
    at("page").replaceChildren(heading, ...content([here, act, key]));
    if (!byHand) back();
    document.title = `${words} · ${document.title.split(" · ").slice(-1)[0]}`;
    drawn = JSON.stringify([here, act, key]);
    if (byHand) heading.focus();
  };

  const loadConfig = async () => { known.config = await Hub.config(); };
  const loadNow = async () => {
    try {
      const before = JSON.stringify({ ...known.now, as_of: "" });
      known.now = await Hub.now();
      asOf = known.now.as_of.slice(11, 19);
      at("fresh").textContent = fill(WORDS.as_of, { time: asOf });
      at("stale").hidden = true;
      document.querySelector("[data-training]").hidden = !known.now.day.training;
      return JSON.stringify({ ...known.now, as_of: "" }) !== before;
    } catch (error) {
      console.info(error);
      at("stale").textContent = asOf ? fill(WORDS.stale, { time: asOf }) : WORDS.never;
      at("stale").hidden = false;
      return false;
    }
  };
  const turn = async () => {
    const first = !known.now;
    const news = await loadNow();
    try {
      if (!known.config || (news && JSON.parse(drawn || "[]")[1] === undefined)) await loadConfig();
    } catch (error) {
      console.info(error);
    }
    const section = JSON.parse(drawn || "[]")[0];
    if (news && known.config && (first || !drawn || LIVE.includes(section))) draw();
    setTimeout(turn, EVERY_MS);
  };
  addEventListener("hashchange", () => {
    if (!told) hush();
    told = false;
    draw(true);
  });
  turn();
})();
