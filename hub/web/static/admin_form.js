/* A row's form: one column, label above, hint under it, the error beside the field and in a list on top. */
"use strict";
const Form = (() => {
  const { make, button } = Parts;
  const idOf = (name) => `field-${name}`;

  const options = (field, config) => {
    if (field.kind === "choice") return field.choices.map((choice) => [String(choice), String(choice)]);
    return config[field.of].map((row) => [row.id, row.name ? `${row.name} (${row.id})` : row.id]);
  };
  const input = (field, value, config) => {
    const base = { id: idOf(field.name), name: field.name, "aria-describedby": `${idOf(field.name)}-about` };
    if (field.kind === "long" || field.kind === "lines") {
      const area = make("textarea", { ...base, maxlength: field.kind === "long" ? field.most : undefined, spellcheck: "false" });
      area.value = field.kind === "lines" ? (value ?? []).join("\n") : value ?? "";
      return area;
    }
    if (field.kind === "row" || field.kind === "choice") {
      const none = field.needed || field.kind === "choice" ? [] : [["", WORDS.none_chosen]];
      const select = make("select", base, ...[...none, ...options(field, config)].map(([key, text]) => make("option", { value: key, text })));
      select.value = String(value ?? field.default ?? select.options[0]?.value ?? "");
      return select;
    }
    const made = make("input", { ...base, type: field.kind === "number" ? "number" : "text", maxlength: field.most && field.kind !== "number" ? field.most : undefined,
      min: field.least ?? undefined, max: field.kind === "number" ? field.most ?? undefined : undefined, autocomplete: "off", spellcheck: "false" });
    made.value = value ?? field.default ?? "";
    return made;
  };
  const about = (field) => {
    const needed = field.needed ? WORDS.needed : ["number", "choice", "tick"].includes(field.kind) ? "" : WORDS.optional;
    return [field.hint, field.kind === "lines" ? WORDS.lines : "", needed].filter(Boolean).join(" · ");
  };
  const draw = (field, value, config, fixed) => {
    const hint = make("p", { class: "hint", id: `${idOf(field.name)}-about`, text: about(field) });
    const error = make("p", { class: "error", id: `${idOf(field.name)}-error`, hidden: true });
    if (field.kind === "tick") {
      const box = make("input", { type: "checkbox", id: idOf(field.name), name: field.name });
      box.checked = Boolean(value);
      return make("div", { class: "field", "data-field": field.name }, make("label", { class: "tick", for: idOf(field.name) }, box, field.label), error);
    }
    if (field.kind === "rows") {
      const chosen = value ?? [];
      const ordered = [...chosen.map((id) => config[field.of].find((row) => row.id === id)).filter(Boolean), ...config[field.of].filter((row) => !chosen.includes(row.id))];
      return make("fieldset", { class: "field", id: idOf(field.name), "data-field": field.name, tabindex: "-1" }, make("legend", { text: field.label }), hint, error,
        ...ordered.map((row) => {
          const box = make("input", { type: "checkbox", name: field.name, value: row.id });
          box.checked = chosen.includes(row.id);
          return make("label", {}, box, row.name || row.id);
        }));
    }
    const made = input(field, value, config);
    if (fixed) made.setAttribute("readonly", "");
    return make("div", { class: "field", "data-field": field.name }, make("label", { for: idOf(field.name), text: field.label }), hint, error, made);
  };

  const take = (field, form) => {
    if (field.kind === "tick") return form.elements[field.name].checked;
    if (field.kind === "rows") return [...form.querySelectorAll(`input[name="${field.name}"]:checked`)].map((box) => box.value);
    const value = form.elements[field.name].value.trim();
    if (field.kind === "lines") return value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (field.kind === "number") return value === "" ? null : Number(value);
    if (field.kind === "choice" && typeof field.choices[0] === "number") return Number(value);
    return value;
  };
  /* What is wrong with a value, in words, or null. The hub checks again; it also knows what must fit between rows. */
  const wrong = (field, value) => {
    if (field.kind === "rows") return field.needed && !value.length ? WORDS.at_least_one : null;
    if (field.kind === "number") {
      const fits = Number.isInteger(value) && value >= (field.least ?? -Infinity) && value <= (field.most ?? Infinity);
      return fits ? null : fill(WORDS.a_number, { least: field.least, most: field.most });
    }
    if (typeof value !== "string") return null;
    if (field.needed && !value) return WORDS.is_needed;
    if (field.most && value.length > field.most) return fill(WORDS.too_long, { most: field.most });
    /* A field that needs nothing may be empty, where its form allows that. */
    if (field.pattern && (value || field.needed) && !new RegExp(field.pattern, "u").test(value)) return WORDS.not_so;
    return null;
  };

  const show = (form, errors) => {
    const summary = form.querySelector(".wrong");
    for (const place of form.querySelectorAll("[data-field]")) {
      const text = errors.find(([name]) => name === place.dataset.field)?.[1];
      const error = place.querySelector(".error");
      const control = place.matches("fieldset") ? place : place.querySelector("input, select, textarea");
      place.classList.toggle("bad", Boolean(text));
      error.hidden = !text;
      error.textContent = text ?? "";
      control.toggleAttribute("aria-invalid", false);
      if (text && !place.matches("fieldset")) control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", `${idOf(place.dataset.field)}-about${text ? ` ${idOf(place.dataset.field)}-error` : ""}`);
    }
    summary.hidden = !errors.length;
    if (!errors.length) return;
    const labels = Object.fromEntries([...form.querySelectorAll("[data-field]")].map((place) => [place.dataset.field, place.querySelector("label, legend").textContent]));
    summary.replaceChildren(make("b", { text: WORDS.errors }), make("ul", {}, ...errors.map(([name, text]) => make("li", {}, labels[name]
      ? make("a", { href: `#${idOf(name)}`, text: `${labels[name]}: ${text}`, on: { click: (event) => { event.preventDefault(); document.getElementById(idOf(name)).focus(); } } })
      : text))));
    summary.focus();
  };

  /* save(row) → null when done, else [[field or "", words]]. */
  const build = ({ fields, row, config, keyField, taken, back, save }) => {
    const summary = make("div", { class: "wrong", role: "alert", tabindex: "-1", hidden: true });
    const keep = make("button", { class: "main", text: WORDS.save });
    const form = make("form", { class: "sheet", novalidate: true }, summary, ...fields.map((field) => draw(field, row?.[field.name], config, Boolean(row) && field.name === keyField)),
      make("div", { class: "ends" }, keep, button(WORDS.cancel, back)));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const made = Object.fromEntries(fields.map((field) => [field.name, take(field, form)]));
      const errors = fields.map((field) => [field.name, wrong(field, made[field.name])]).filter(([, text]) => text);
      if (keyField && !row && taken.includes(made[keyField])) errors.push([keyField, WORDS.twice]);
      show(form, errors);
      if (errors.length) return;
      keep.disabled = true;
      const refused = await save(made);
      keep.disabled = false;
      if (refused) show(form, refused);
    });
    return form;
  };
  return { build };
})();
