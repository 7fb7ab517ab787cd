/* The parts that pages are made of: elements, tables, toasts, a question. Text is always text, never markup. */
"use strict";
const Parts = (() => {
  const make = (tag, options = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (name === "text") element.textContent = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const cell = (content, options = {}) => {
    const td = make("td", options);
    if (content instanceof Node) td.append(content);
    else td.textContent = content;
    return td;
  };
  /* rows: [{cells: [text or node], bad, acts: [node]}] */
  const table = (heads, rows, label) => {
    if (!rows.length) return make("p", { text: WORDS.empty });
    const acts = rows.some((row) => row.acts);
    const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", text })), acts ? make("td") : null);
    const body = rows.map((row) => make("tr", { class: row.bad ? "bad" : undefined },
      ...row.cells.map((content, index) => (index === 0 && !(content instanceof Node)
        ? make("th", { scope: "row" }, row.link ? make("a", { href: row.link, text: content }) : content) : cell(content, { class: "text" }))),
      acts ? make("td", { class: "acts" }, ...(row.acts ?? [])) : null));
    return make("div", { class: "wide card", tabindex: "0", role: "region", "aria-label": label },
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  };
  const pairs = (rows) => make("dl", { class: "pairs card" },
    ...rows.flatMap(([term, words]) => [make("dt", { text: term }), make("dd", { text: words })]));
  const button = (text, act, options = {}) => make("button", { type: "button", text, on: { click: act }, ...options });

  const told = document.getElementById("told");
  const tell = (text, { bad = false, act = null, actText = "", list = [] } = {}) => {
    const items = list.length ? make("ul", {}, ...list.map(([who, token]) => make("li", {}, `${who} `, make("code", { text: token })))) : null;
    told.replaceChildren(make("div", { class: bad ? "toast bad" : "toast" }, make("span", { text }), items,
      act ? button(actText, act) : null));
  };
  const hush = () => told.replaceChildren();

  const sure = (words) => new Promise((resolve) => {
    const box = document.getElementById("sure");
    document.getElementById("sure-words").textContent = words;
    box.returnValue = "no";
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
    box.showModal();
  });
  return { make, table, pairs, button, tell, hush, sure };
})();
