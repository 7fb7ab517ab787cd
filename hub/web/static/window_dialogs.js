/* The clerk's questions before a command that needs a reason or a target. Digits choose a reason, Enter does it. */
"use strict";
const Ask = (() => {
  const dialog = (verb) => document.getElementById(`ask-${verb}`);
  const wrong = (form, words, field) => {
    const place = document.getElementById(`ask-${form.dataset.verb}-wrong`);
    for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
    place.hidden = !words;
    place.textContent = words ?? "";
    if (field) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
  };
  const reason = (form) => form.elements.remark?.value.trim() || form.elements.reason?.value || null;

  /* What each question comes to: [command, fields], or a complaint. */
  const made = {
    hold: (form) => ["hold", { reason: reason(form) }],
    pause: (form) => ["pause", { reason: reason(form) }],
    cancel: (form) => ["cancel", { reason: reason(form) }],
    walk_up: (form) => ["walk_up", { service: form.elements.service.value || null }],
    finish_then: (form) => ["finish", { then: form.elements.then.value }],
    pin: (form) => {
      const fields = ["staff", "pin", "fresh", "again"].map((name) => form.elements[name]);
      const empty = fields.find((field) => !field.value.trim());
      if (empty) return { words: WORDS.fill_in, field: empty };
      if (fields[2].value !== fields[3].value) return { words: WORDS.pin_twice, field: fields[3] };
      return ["pin", { staff: fields[0].value.trim(), pin: fields[1].value, fresh: fields[2].value }];
    },
    transfer: (form) => {
      const to_service = form.elements.to_service.value || null;
      const to_window = form.elements.to_window.value || null;
      if (!to_service && !to_window) return { words: WORDS.no_target, field: form.elements.to_service };
      return ["transfer", { to_service, to_window, back: form.elements.back.checked, reason: reason(form) }];
    },
    call: (form) => {
      if (!reason(form)) return { words: WORDS.no_reason, field: form.elements.remark };
      return ["call", { number: form.dataset.number, reason: reason(form) }];
    },
    by_number: (form) => {
      const number = form.elements.number.value.trim().toUpperCase();
      const what = form.elements.what.value;
      if (!number) return { words: WORDS.no_number, field: form.elements.number };
      const why = reason(form);
      if ((what === "call" || what === "cancel") && !why) return { words: WORDS.no_reason, field: form.elements.remark };
      return [what, what === "call" || what === "cancel" ? { number, reason: why } : { number }];
    },
  };

  const options = (select, entries, keep) => {
    select.replaceChildren(...[...select.options].slice(0, keep), ...entries.map(([value, label]) => new Option(label, value)));
    select.selectedIndex = 0;
  };
  const prepare = {
    transfer: (form, { hall, desk }) => {
      options(form.elements.to_service, Object.entries(hall.services), 1);
      const others = Object.entries(hall.windows).filter(([id]) => id !== desk.window);
      options(form.elements.to_window, others.map(([id, window]) => [id, `${window.name} · ${WORDS.window_states[window.state]}`]), 1);
    },
    walk_up: (form, { hall, desk }) => options(form.elements.service, desk.services.map((id) => [id, hall.services[id] ?? id]), 0),
    finish_then: (form, { hall }) => options(form.elements.then, Object.entries(hall.services), 0),
  };

  let act = null;
  const open = (verb, now, number) => {
    const box = dialog(verb);
    const form = box.querySelector("form");
    form.reset();
    wrong(form, null);
    if (number) {
      form.dataset.number = number;
      document.getElementById("call-number").textContent = number;
      const row = now.desk.waiting.rows.find((each) => each.number === number);
      document.getElementById("call-matter").textContent = row ? now.hall.services[row.service] ?? row.service : "";
    }
    prepare[verb]?.(form, now);
    box.showModal();
  };
  for (const box of document.querySelectorAll("dialog")) {
    const form = box.querySelector("form");
    box.querySelector("[data-close]").addEventListener("click", () => box.close());
    box.addEventListener("keydown", (event) => {
      const typing = event.target.matches('input:not([type="radio"], [type="checkbox"])');
      if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
      const choice = form.querySelectorAll('.choices input[name="reason"]')[Number(event.key) - 1];
      if (/^[1-9]$/.test(event.key) && choice) {
        choice.checked = true;
        choice.focus();
        event.preventDefault();
      }
    });
    form.addEventListener("input", () => wrong(form, null));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wanted = made[form.dataset.verb](form);
      if (!Array.isArray(wanted)) {
        wrong(form, wanted.words, wanted.field);
        return;
      }
      box.close();
      act?.(...wanted);
    });
  }
  return { open, isOpen: () => Boolean(document.querySelector("dialog[open]")), onAct: (callback) => { act = callback; },
    has: (verb) => Boolean(dialog(verb)), shut: () => { for (const box of document.querySelectorAll("dialog[open]")) box.close(); } };
})();
