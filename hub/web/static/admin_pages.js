/* One function a page: it is given what is known and returns what stands under the heading. */
"use strict";
const Pages = (() => {
  const { make, table, pairs, button, tell, sure } = Parts;
  const link = (section, text) => make("a", { href: `#${section}`, text });

  const now = ({ now: known }) => {
    if (!known.wrong.length) {
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      for (const [name, value] of [["viewBox", "0 0 24 24"], ["width", "56"], ["height", "56"], ["aria-hidden", "true"]]) mark.setAttribute(name, value);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      for (const [name, value] of [["d", "m4.5 12.5 5 5 10-11"], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "2.6"]]) path.setAttribute(name, value);
      mark.append(path);
      return [make("div", { class: "card well" }, mark, make("div", {}, make("b", { text: WORDS.all_well }), make("p", { text: WORDS.all_well_words })))];
    }
    return [make("ul", { class: "problems" }, ...known.wrong.map((each) => make("li", {}, make("b", { text: `! ${each.title}` }), make("span", { text: each.detail }), link(each.section, WORDS.look))))];
  };
  const start = ({ now: known }) => [
    make("p", { text: WORDS.steps_words }),
    make("ol", { class: "steps" }, ...known.steps.map((step) => make("li", {}, make("a", { href: `#${step.section}` },
      make("div", {}, make("b", { text: step.title }), make("span", { text: step.detail })),
      make("span", { class: step.done ? "done" : "todo", text: step.done ? `✓ ${WORDS.done}` : WORDS.todo }))))),
  ];
  const day = ({ now: known, again }) => {
    const on = known.day.training;
    const ask = async (wanted, sureWords, doneWords) => {
      if (sureWords && !(await sure(sureWords))) return;
      const { done, problem } = await Hub.day(wanted);
      await again();
      if (done) tell(fill(doneWords, { n: done.cancelled }));
      else tell(problem ? fill(WORDS.refused, { detail: problem.detail ?? problem.title }) : WORDS.no_answer, { bad: true });
    };
    const date = make("input", { type: "date", id: "day-date", value: known.day.date ?? "" });
    return [pairs([[WORDS.day_date, known.day.date ?? "—"], [WORDS.training, on ? WORDS.yes : WORDS.no]]),
      make("h2", { text: WORDS.training }), make("p", { text: WORDS.training_words }),
      make("div", { class: "ends" }, button(on ? WORDS.training_off : WORDS.training_on, () => ask({ command: "training", on: !on }, null, on ? WORDS.training_is_off : WORDS.training_is_on))),
      make("h2", { text: WORDS.sweep }), make("p", { text: WORDS.sweep_words }),
      make("div", { class: "ends" }, button(WORDS.sweep, () => ask({ command: "sweep" }, WORDS.sweep_sure, WORDS.swept))),
      make("h2", { text: WORDS.set_date }), make("p", { text: WORDS.set_date_words }),
      make("div", { class: "field" }, make("label", { for: "day-date", text: WORDS.day_date }), date),
      make("div", { class: "ends" }, button(WORDS.set_date, () => ask({ command: "set_date", date: date.value }, fill(WORDS.set_date_sure, { date: date.value }), WORDS.date_is_set)))];
  };
  const devices = ({ now: known }) => [
    known.devices.length ? table(WORDS.device_heads, known.devices, WORDS.sections.devices) : make("p", { text: WORDS.no_devices }),
    make("p", { text: WORDS.provision }),
    known.lines.length ? table(WORDS.line_heads, known.lines, WORDS.line_heads[0]) : null,
    known.adapters.length ? table(WORDS.adapter_heads, known.adapters, WORDS.adapter_heads[0]) : null,
    known.radio.length ? table(WORDS.radio_heads, known.radio, WORDS.radio_heads[0]) : null,
    known.radio.length ? make("p", { text: WORDS.radio_words }) : null,
  ].filter(Boolean);
  const printers = ({ now: known }) => {
    const rows = known.printers.map((row) => ({ ...row, acts: [button(WORDS.test_print, async (event) => {
      event.target.disabled = true;
      const { done, problem } = await Hub.testPrint(row.id);
      event.target.disabled = false;
      if (done) tell(fill(WORDS.tested, { printer: row.id, state: WORDS.printer_states[done.state] ?? done.state }), { bad: done.state !== "ok" });
      else tell(problem ? fill(WORDS.refused, { detail: problem.detail ?? problem.title }) : WORDS.no_answer, { bad: true });
    })] }));
    const picture = (mm) => make("figure", {}, make("img", { src: `/api/v1/printers/preview?paper_mm=${mm}`, alt: fill(WORDS.preview_alt, { mm }) }));
    return [rows.length ? table(WORDS.printer_heads, rows, WORDS.forms.printers.title) : null,
      make("details", { class: "card", on: { toggle: (event) => {
        if (event.target.open && !event.target.querySelector("img")) event.target.append(make("div", { class: "tickets" }, picture(80), picture(58)));
      } } }, make("summary", { text: WORDS.preview }))].filter(Boolean);
  };
  const leds = ({ now: known }) => (known.leds.length ? [table(WORDS.led_heads, known.leds, WORDS.forms.leds.title)] : []);
  const journal = ({ now: known }) => [
    make("h2", { text: WORDS.journal_head }), pairs(known.journal),
    make("h2", { text: WORDS.uplink_head }), pairs(known.uplink), make("p", { text: WORDS.uplink_words }),
  ];
  const staff = ({ now: known, config }) => {
    const reset = async (row) => {
      if (!(await sure(fill(WORDS.pin_sure, { who: row.name })))) return;
      const { done, problem } = await Hub.resetPin(row.code);
      if (done) tell(fill(WORDS.pin_new, { who: `${row.code} ${row.name}` }), { list: [[row.name, done.pin]], act: Parts.hush, actText: WORDS.got_it });
      else tell(problem ? fill(WORDS.refused, { detail: problem.detail ?? problem.title }) : WORDS.no_answer, { bad: true });
    };
    if (!config.staff.length) return [make("p", { text: WORDS.staff_words })];
    return [make("p", { text: WORDS.staff_words }), table(WORDS.pin_heads, config.staff.map((row) => ({ bad: !known.pins[row.code],
      cells: [row.code, row.name, known.pins[row.code] ? fill(WORDS.pin_since, { time: known.pins[row.code].slice(0, 10) }) : WORDS.pin_none],
      acts: [button(known.pins[row.code] ? WORDS.pin_reset : WORDS.pin_make, () => reset(row), { "aria-label": `${WORDS.pin_reset} ${row.code}` })] })), WORDS.pin_heads[2])];
  };
  const tokens = ({ now: known }) => [table(WORDS.token_heads, known.tokens.map((holder) => {
    const who = `${WORDS.roles[holder.role] ?? holder.role} ${holder.place ?? ""}`.trim();
    const may = WORDS.renewable.includes(holder.role);
    const renew = async () => {
      if (!(await sure(fill(WORDS.renew_sure, { who })))) return;
      const { done, problem } = await Hub.renew(holder);
      if (done) tell(fill(WORDS.renewed, { who }), { list: [[who, done.token]], act: Parts.hush, actText: WORDS.got_it });
      else tell(problem ? fill(WORDS.refused, { detail: problem.detail }) : WORDS.no_answer, { bad: true });
    };
    return { cells: [WORDS.roles[holder.role] ?? holder.role, holder.place ?? "—", may ? button(WORDS.renew, renew, { "aria-label": `${WORDS.renew}: ${who}` }) : WORDS.not_here] };
  }), WORDS.sections.tokens)];

  const shown = (value) => {
    if (value === undefined || value === null || value === "") return "—";
    if (typeof value === "boolean") return value ? WORDS.yes : WORDS.no;
    return Array.isArray(value) ? value.join(WORDS.comma) || "—" : String(value);
  };
  const where = (change) => `${WORDS.forms[change.table].title} ${change.row}`.trim();
  const label = (name, field) => WORDS.forms[name].fields.find((each) => each.name === field)?.label ?? field;
  const what = (changes) => changes.map((change) => `${where(change)} ${WORDS.acts[change.act]}`).join(WORDS.comma);

  const history = ({ config, undo }) => [make("p", { text: WORDS.history_words }), config.undo.length
    ? table(WORDS.history_heads, config.undo.map((past, index) => ({ cells: [String(past.revision), past.at.slice(0, 16).replace("T", " "), WORDS.roles[past.by] ?? past.by, what(past.changes)],
      acts: index === 0 ? [button(WORDS.undo, undo)] : [] })), WORDS.sections.history)
    : make("p", { text: WORDS.history_empty })];

  const named = (row) => row?.name ?? row?.text ?? row?.url;
  const difference = (changes, before, after) => table(WORDS.import_heads, changes.flatMap((change) => {
    const find = (rows) => (change.table === "hall" ? rows.hall : rows[change.table]?.find((row) => String(row[WORDS.forms[change.table].key]) === change.row));
    if (change.act !== "changed") return [{ cells: [where(change), WORDS.acts[change.act], shown(change.act === "removed" ? named(find(before)) : ""), shown(change.act === "added" ? named(find(after)) : "")] }];
    return change.fields.map((field) => ({ cells: [where(change), label(change.table, field), make("del", { text: shown(find(before)?.[field]) }), make("ins", { text: shown(find(after)?.[field]) })] }));
  }), WORDS.import);

  const backup = (known) => {
    const place = make("div", { "aria-live": "polite" });
    const read = async (event) => {
      place.replaceChildren();
      const file = event.target.files[0];
      if (!file) return;
      let wanted;
      try {
        wanted = JSON.parse(await file.text());
        if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) throw new Error(file.name);
      } catch (error) {
        place.replaceChildren(make("p", { class: "wrong", role: "alert", text: fill(WORDS.import_bad, { detail: error.message }) }));
        return;
      }
      const tables = Object.fromEntries(Object.entries(wanted).filter(([name]) => name !== "revision" && name !== "undo"));
      const { done, problem } = await Hub.put({ ...tables, revision: known.config.revision, dry_run: true });
      if (!done) {
        place.replaceChildren(make("p", { class: "wrong", role: "alert", text: problem ? fill(WORDS.import_bad, { detail: problem.detail ?? problem.title }) : WORDS.no_answer }));
        return;
      }
      if (!done.changes.length) {
        place.replaceChildren(make("p", { class: "alert", text: WORDS.import_same }));
        return;
      }
      place.replaceChildren(make("p", { class: "alert", text: fill(WORDS.import_diff, { n: done.changes.length }) }), difference(done.changes, known.config, tables),
        make("div", { class: "ends" }, button(WORDS.import_do, () => known.write(tables, WORDS.import), { class: "main" }), button(WORDS.cancel, () => known.draw())));
    };
    return [make("h2", { text: WORDS.export }), make("p", { text: WORDS.export_words }), make("p", {}, make("a", { class: "button", href: "/admin/export", download: "", text: WORDS.export_do }), " ",
        make("a", { class: "button", href: `/api/v1/hall/sheet?lang=${document.documentElement.lang}`, download: "", text: WORDS.sheet_do })),
      make("h2", { text: WORDS.import }), make("p", { text: WORDS.import_words }),
      make("div", { class: "field" }, make("label", { for: "import-file", text: WORDS.import_file }), make("input", { type: "file", id: "import-file", accept: ".json,application/json", on: { change: read } })), place];
  };
  return { now, start, day, devices, printers, leds, journal, staff, tokens, history, backup, what };
})();
