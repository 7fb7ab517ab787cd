/* Draws what the hub says of the window. Slots are fixed: what changes is text, so nothing jumps under a finger. */
"use strict";
const View = (() => {
  const SHORT_ROWS_MS = 60_000;
  const at = (id) => document.getElementById(id);
  const text = (element, words) => { if (element.textContent !== words) element.textContent = words; };
  const make = (tag, className, words) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (words !== undefined) element.textContent = words;
    return element;
  };
  const ms = (stamp) => Date.parse(stamp);
  const hour = (stamp) => stamp.slice(11, 16);
  const minutes = (fromMs, toMs) => Math.max(0, Math.floor((toMs - fromMs) / SHORT_ROWS_MS));
  const numbered = (element, template, values) => {
    /* "waited {n} min" with the number in its own face */
    element.replaceChildren(...template.split(/(\{\w+\})/).filter(Boolean).map((part) => {
      const name = part.match(/^\{(\w+)\}$/)?.[1];
      return name ? make("b", "num", values[name]) : document.createTextNode(part);
    }));
  };

  /* The one next step of each state, and the places of the others. */
  const FILLED = { closed: "next", free: "next", calling: "arrive", serving: "finish", paused: "unpause" };
  const slots = (filled) => [
    filled,
    filled === "next" ? "finish" : "next",
    "recall",
    filled === "arrive" ? "finish" : "arrive",
    "no_show",
    "transfer",
    "hold",
  ];
  const LETTERS = {
    next: "N", recall: "R", arrive: "D", no_show: "G", transfer: "Z", hold: "H", finish: "F", undo: "U", walk_up: "W",
    cancel: "X", by_number: "K", finish_then: "T", pause: "P", unpause: "P",
  };

  const SAME_BAR = { by_number: "restore", finish_then: "finish" };

  /* What a ticket is for: its matter where it has one, else its service. */
  const inPage = (row, name) => (document.documentElement.lang === "en" && row[`${name}_en`] ? row[`${name}_en`] : row[name]);
  const about = (desk, ticket) => desk.matters[ticket.matter] ?? desk.matters[ticket.service];
  const matterOf = (desk, hall, ticket) => {
    const row = about(desk, ticket);
    return row ? inPage(row, "name") : service(hall, ticket.service);
  };
  const service = (hall, id) => hall.services[id] ?? id;
  const place = (hall, id) => hall.windows[id]?.name ?? id;

  /* Why a key does nothing now, or null. Without the hub nothing does anything. */
  const bar = (desk, verb, online) => {
    if (!online) return "no_link";
    if (!desk) return "loading";
    return desk.keys[SAME_BAR[verb] ?? verb] ?? null;
  };
  const barWords = (desk, verb, why) => {
    const values = { most: desk?.recalls_most, time: desk?.ticket?.arrived_at ? hour(desk.ticket.arrived_at) : "" };
    if (why === "ticket_open" && verb === "next") return WORDS.bars.finish_first;
    if (why === "already_arrived" && verb === "arrive") return fill(WORDS.bars.arrived_at, values);
    return fill(WORDS.bars[why] ?? WORDS.bars.other, values);
  };
  const hint = (desk, verb) => {
    const ticket = desk?.ticket;
    if (verb === "next") return desk?.waiting.rows[0]?.number ?? "";
    if (verb === "recall" && ticket) return fill(WORDS.hints.recall, { n: ticket.recalls, most: desk.recalls_most });
    if (verb === "finish" && ticket?.next.length) return WORDS.hints.finish_next;
    return WORDS.hints[verb] ?? "";
  };

  const keys = (desk, online, busy) => {
    const filled = FILLED[desk?.state ?? "closed"];
    const wanted = slots(filled);
    const box = at("keys");
    if (box.children.length !== wanted.length) {
      box.replaceChildren(...wanted.map(() => {
        const key = make("button", "key");
        key.type = "button";
        const words = make("span");
        words.append(make("b"), make("small"));
        key.append(words, make("kbd"));
        return key;
      }));
    }
    wanted.forEach((verb, index) => {
      const key = box.children[index];
      const why = bar(desk, verb, online);
      key.dataset.verb = verb;
      key.classList.toggle("filled", index === 0);
      key.setAttribute("aria-disabled", String(why !== null));
      key.toggleAttribute("data-busy", busy === verb);
      text(key.querySelector("b"), index === 0 && verb === "next" ? WORDS.call_next : WORDS.verbs[verb]);
      text(key.querySelector("small"), busy === verb ? WORDS.doing : why ? barWords(desk, verb, why) : hint(desk, verb));
      text(key.querySelector("kbd"), index === 0 ? "Enter" : LETTERS[verb]);
    });
  };

  const tools = (desk, online, nowMs) => {
    for (const button of document.querySelectorAll(".tools [data-verb]")) {
      const verb = button.dataset.verb;
      const why = bar(desk, verb, online);
      button.setAttribute("aria-disabled", String(why !== null));
      let words = why ? barWords(desk, verb, why) : "";
      if (verb === "undo" && !why && desk.undo) {
        const left = Math.max(0, Math.ceil((ms(desk.undo.until) - nowMs) / 1000));
        words = fill(WORDS.undo[desk.undo.what], { number: desk.undo.number, n: left });
      }
      text(button.querySelector("small"), words);
    }
    const signedIn = Boolean(desk?.staff);
    for (const [id, verb] of [["pause", "pause"], ["sign-out", "sign_out"]]) {
      const why = bar(desk, verb, online);
      at(id).hidden = !signedIn || (id === "pause" && desk.state === "paused");
      at(id).setAttribute("aria-disabled", String(why !== null));
      at(id).title = why ? barWords(desk, verb, why) : "";
    }
  };

  const fact = (term, words) => {
    const dd = make("dd");
    dd.textContent = words;
    return [make("dt", "", term), dd];
  };
  const visit = (desk, hall) => {
    const on = desk.ticket.next.map((leg, index) =>
      `${"②③④⑤⑥⑦"[index] ?? "·"} ${service(hall, leg.service)}${leg.window ? fill(WORDS.at_window, { window: place(hall, leg.window) }) : ""}`);
    return `① ${fill(WORDS.this_one, { service: service(hall, desk.ticket.service) })}　${on.join("　")}`;
  };
  const facts = (desk, hall) => {
    const ticket = desk.ticket;
    const row = about(desk, ticket);
    const out = row ? ["promised_time", "fee", "papers"].filter((name) => inPage(row, name))
      .flatMap((name) => fact(WORDS.facts[name], inPage(row, name).split("\n").join(WORDS.comma))) : [];
    if (ticket.priority) {
      const who = WORDS.channels[ticket.verified_by ?? ticket.channel] ?? ticket.verified_by;
      out.push(...fact(WORDS.facts.priority, ticket.due_at ? fill(WORDS.booked_for, { time: hour(ticket.due_at) })
        : fill(WORDS.checked, { who, time: hour(ticket.issued_at) })));
    }
    if (ticket.next.length) out.push(...fact(WORDS.facts.visit, visit(desk, hall)));
    if (ticket.note) out.push(...fact(WORDS.facts.note, WORDS.known[ticket.note] ?? ticket.note));
    if (ticket.restored) out.push(...fact(WORDS.facts.before, WORDS.was_restored));
    out.push(...fact(WORDS.facts.taken, fill(WORDS.taken, { time: hour(ticket.issued_at), how: WORDS.channels[ticket.channel] ?? ticket.channel })));
    return out;
  };

  const now = (desk, hall, nowMs) => {
    const ticket = desk?.ticket ?? null;
    at("now").hidden = !ticket;
    at("enter").hidden = desk?.state !== "closed";
    at("idle").hidden = Boolean(ticket) || desk?.state === "closed";
    if (ticket) {
      text(at("state"), WORDS.states[desk.state]);
      text(at("number"), ticket.number);
      text(at("matter"), matterOf(desk, hall, ticket));
      const began = ticket.arrived_at ?? ticket.called_at;
      const seconds = Math.max(0, Math.floor((nowMs - ms(began)) / 1000));
      const lasted = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      numbered(at("since"), ticket.arrived_at ? WORDS.served : WORDS.called_for, { time: lasted });
      numbered(at("waited"), WORDS.waited, { n: String(Math.floor(ticket.waited_ms / SHORT_ROWS_MS)) });
      const drawn = JSON.stringify([ticket, desk.matters]);
      if (at("facts").dataset.drawn !== drawn) {
        at("facts").dataset.drawn = drawn;
        at("facts").replaceChildren(...facts(desk, hall));
      }
      return;
    }
    const paused = desk?.state === "paused";
    document.querySelector('[data-sign="person"]').hidden = paused;
    document.querySelector('[data-sign="pause"]').hidden = !paused;
    if (!desk) return;
    const first = desk.waiting.rows[0];
    if (paused) {
      text(at("idle-head"), WORDS.paused);
      text(at("idle-words"), desk.reason ? fill(WORDS.paused_for, { reason: WORDS.known[desk.reason] ?? desk.reason }) : WORDS.paused_words);
    } else if (first) {
      text(at("idle-head"), fill(desk.waiting.count === 1 ? WORDS.ready_one : WORDS.ready, { n: desk.waiting.count }));
      text(at("idle-words"), fill(WORDS.first, { number: first.number, n: minutes(ms(first.since), nowMs) }));
    } else {
      text(at("idle-head"), WORDS.nobody);
      text(at("idle-words"), WORDS.nobody_words);
    }
  };

  const rows = (desk, hall, nowMs, online) => {
    const waiting = desk.waiting;
    text(at("count"), String(waiting.count));
    text(at("longest"), waiting.longest_since ? fill(WORDS.longest, { n: minutes(ms(waiting.longest_since), nowMs) }) : "");
    at("nobody").hidden = waiting.count > 0;
    const list = at("rows");
    while (list.children.length > waiting.rows.length) list.lastChild.remove();
    while (list.children.length < waiting.rows.length) {
      const item = make("li");
      const row = make("button", "row");
      row.type = "button";
      row.append(make("b", "num"), make("span"), make("span"), make("span"));
      item.append(row);
      list.append(item);
    }
    const why = bar(desk, "call", online);
    waiting.rows.forEach((entry, index) => {
      const item = list.children[index];
      const [number, matter, reason, waited] = item.firstChild.children;
      item.classList.toggle("next", index === 0);
      item.firstChild.dataset.number = entry.number;
      item.firstChild.setAttribute("aria-disabled", String(why !== null));
      text(number, entry.number);
      text(matter, matterOf(desk, hall, entry));
      const tag = index === 0 ? WORDS.next : entry.due_at && entry.why === "appointment" ? fill(WORDS.booked, { time: hour(entry.due_at) }) : WORDS.whys[entry.why] ?? "";
      text(reason, tag);
      reason.className = tag ? `tag ${index === 0 ? "" : "line"}` : "";
      text(waited, fill(WORDS.waited_short, { n: minutes(ms(entry.since), nowMs) }));
    });
    const rest = waiting.count - waiting.rows.length;
    text(at("more"), (rest > 0 ? fill(WORDS.more, { n: rest }) : "") + fill(WORDS.rule, { n: desk.priority_one_in }));
  };

  const aside = (id, entries, verb, desk, hall, nowMs, online) => {
    text(at(`${id}-count`), String(entries.length));
    const list = at(id);
    const why = bar(desk, verb, online);
    const drawn = JSON.stringify([entries, why, hall.version, minutes(0, nowMs)]);
    if (list.dataset.drawn === drawn) return;
    list.dataset.drawn = drawn;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.number : null;
    list.replaceChildren(...(entries.length ? entries.slice().reverse() : [null]).map((entry) => {
      if (!entry) return make("li", "none", WORDS.none);
      const item = make("li");
      const words = verb === "resume"
        ? fill(WORDS.held, { reason: WORDS.known[entry.note] ?? entry.note ?? service(hall, entry.service), n: minutes(ms(entry.since), nowMs) })
        : fill(WORDS.missed, { time: hour(entry.since), n: entry.recalls + 1 });
      const button = make("button", "", WORDS.verbs[verb]);
      button.type = "button";
      Object.assign(button.dataset, { verb, number: entry.number });
      button.setAttribute("aria-label", `${WORDS.verbs[verb]} ${entry.number}`);
      button.setAttribute("aria-disabled", String(why !== null));
      if (why) button.title = barWords(desk, verb, why);
      item.append(make("b", "num", entry.number), make("span", "", words), button);
      return item;
    }));
    if (focused) list.querySelector(`[data-number="${CSS.escape(focused)}"]`)?.focus();
  };

  /* The hall's own time, whatever the computer at the window believes. */
  const clock = (desk, nowMs) => {
    const offset = desk?.as_of.match(/([+-])(\d\d):(\d\d)$/);
    if (!offset) return new Date(nowMs).toTimeString().slice(0, 8);
    const shift = (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3]));
    return new Date(nowMs + shift * 60_000).toISOString().slice(11, 19);
  };

  const top = (desk, hall, nowMs, online, since) => {
    text(at("serves"), desk ? desk.services.map((id) => service(hall, id)).join(WORDS.comma) : "");
    text(at("staff"), desk?.staff ? fill(desk.role === "B" ? WORDS.staff_b : WORDS.staff_a, { staff: desk.staff }) : desk ? WORDS.nobody_here : "");
    at("link").classList.toggle("off", !online && Boolean(since));
    at("link-on").hidden = !online;
    at("link-off").hidden = online || !since;
    text(at("link-words"), online ? WORDS.linked : since ? fill(WORDS.unlinked, { time: since }) : WORDS.linking);
    const warning = at("offline");
    const gone = !online && Boolean(since);
    if (gone) {
      const number = desk?.ticket?.number;
      text(warning.querySelector("b"), WORDS.calling_off);
      const words = number ? fill(WORDS.offline_serving, { number }) : WORDS.offline;
      text(warning.querySelector("span span"), `${words} ${WORDS.nothing_later}`);
    }
    warning.hidden = !gone;
    if (desk) {
      text(at("clock"), clock(desk, nowMs).slice(0, 5));
    }
  };

  const draw = ({ desk, hall, nowMs, online, since, busy }) => {
    document.getElementById("content").dataset.state = desk ? desk.state : "loading";
    top(desk, hall, nowMs, online, since);
    now(desk, hall, nowMs);
    keys(desk, online, busy);
    tools(desk, online, nowMs);
    if (!desk) return;
    rows(desk, hall, nowMs, online);
    aside("held", desk.held, "resume", desk, hall, nowMs, online);
    aside("missed", desk.missed, "restore", desk, hall, nowMs, online);
    text(at("day-finished"), String(desk.day.finished));
    text(at("day-no-shows"), String(desk.day.no_shows));
    text(at("day-median"), desk.day.median_ms === null ? "—" : String(Math.round(desk.day.median_ms / SHORT_ROWS_MS)));
  };

  return { draw, bar, barWords, clock, LETTERS, FILLED, hour };
})();
