/* New firmware: what is under way, what each box has, and for the technician how to give one out, stop it, go on. */
"use strict";
(() => {
  const { make, table, pairs, button, tell, sure } = Parts;
  const MB = 1024 * 1024;
  const MOST_MB = 16;

  const MOST_TOLD = 5;

  /* By its codes, in the page's language; in the hub's own words where the page knows no others. */
  const why = (problem) => {
    const words = WORDS.updates;
    if (problem.kind === "nothing-to-update" && problem.errors) {
      const told = problem.errors.slice(0, MOST_TOLD).map((each) => `${each.device}: ${words.reasons[each.reason] ?? each.todo}`);
      return told.join(" ") || WORDS.no_devices;
    }
    return words.bundles[problem.reason] ?? problem.detail ?? problem.title;
  };
  const say = (problem) => {
    if (!problem) return WORDS.no_answer;
    const detail = why(problem);
    return fill(WORDS.updates.refused[problem.kind] ?? WORDS.refused, { detail });
  };
  const act = async (ask, words, again) => {
    const { done, problem } = await ask();
    await again();
    tell(done ? words(done.update) : say(problem), { bad: !done });
  };

  const steering = (plan, again) => {
    const words = WORDS.updates;
    const steer = (question, wanted, doneWords) => async () => {
      if (await sure(question)) await act(() => Hub.steerUpdate(wanted), () => doneWords, again);
    };
    if (plan.state === "running") return [button(words.stop, steer(words.stop_sure, { command: "stop" }, words.stopped))];
    const once = (text) => button(text, steer(fill(words.again_sure, { n: plan.failed }), { command: "continue", again: true }, words.going_on));
    if (plan.state === "done") return plan.failed ? [once(words.once_more)] : [];
    return [button(words.go_on, steer(words.go_on_sure, { command: "continue", again: false }, words.going_on), { class: "main" }),
      plan.failed ? once(words.again) : null].filter(Boolean);
  };

  /* What was typed here stays while figures come and go. */
  let form = null;
  const giving = (again) => {
    const words = WORDS.updates;
    if (form) {
      form.again = again;
      return form.place;
    }
    form = { again };
    const file = make("input", { type: "file", id: "update-file", accept: ".update,.zip,application/zip" });
    const share = make("select", { id: "update-share" }, ...words.shares.map(([value, text]) => make("option", { value, text })));
    const older = make("input", { type: "checkbox", id: "update-older" });
    const send = button(words.give_do, async () => {
      const chosen = file.files[0];
      if (!chosen) return tell(words.no_file, { bad: true });
      if (chosen.size > MOST_MB * MB) return tell(fill(words.too_large, { most: MOST_MB }), { bad: true });
      if (!(await sure(fill(words.give_sure, { file: chosen.name, share: share.selectedOptions[0].text })))) return undefined;
      send.disabled = true;
      await act(() => Hub.giveUpdate(chosen, share.value, older.checked), (update) => (update.state === "done" ? words.given_over : words.given), () => form.again());
      send.disabled = false;
      return undefined;
    }, { class: "main" });
    const field = (label, control) => make("div", { class: "field" }, make("label", { for: control.id, text: label }), control);
    form.place = make("details", { class: "card" }, make("summary", { text: words.give }), make("div", { class: "sheet" }, make("p", { text: words.give_words }),
      field(words.file, file), field(words.share, share), make("label", { class: "tick" }, older, words.older), make("div", { class: "ends" }, send)));
    return form.place;
  };

  /* A narrow page pushes these aside rather than break their words. */
  const steady = (node) => {
    node.classList.add("steady");
    return node;
  };

  Pages.updates = ({ now: known, again }) => {
    const words = WORDS.updates;
    const { plan, firmware } = known.updates;
    const technician = known.who === "admin";
    const parts = [];
    if (!plan) {
      parts.push(make("p", { class: "card", text: words.none }));
    } else {
      const bar = make("progress", { max: plan.all, value: plan.over, "aria-label": fill(words.progress, { n: plan.over, all: plan.all }) });
      const ends = technician ? steering(plan, again) : [];
      const bad = plan.state === "stopped" || plan.failed > 0;
      parts.push(make("section", { class: bad ? "card update bad" : "card update", "aria-labelledby": "update-title" },
        make("h2", { id: "update-title", text: plan.title }), bar,
        plan.why ? make("p", { class: "why", text: plan.why }) : null,
        make("ul", { class: "counts" }, ...plan.counts.map(([text, n, isBad]) => make("li", { class: isBad ? "bad" : undefined }, make("b", { text: String(n) }), ` ${text}`))),
        pairs(plan.pairs), plan.not_chosen && plan.state !== "stopped" ? make("p", { text: fill(words.not_chosen, { n: plan.not_chosen }) }) : null,
        ends.length ? make("div", { class: "ends" }, ...ends) : null,
        !technician && plan.state !== "done" ? make("p", { text: words.only_technician }) : null));
      parts.push(make("h2", { text: words.boxes }), steady(table(words.box_heads, plan.boxes, words.boxes)));
    }
    parts.push(make("p", { text: words.how }));
    if (technician) parts.push(giving(again));
    parts.push(make("h2", { text: words.firmware }), firmware.length ? steady(table(words.firmware_heads, firmware, words.firmware)) : make("p", { text: WORDS.no_devices }));
    return parts;
  };
})();
