/* Large text, high contrast and the like: [data-aid="text"] switches data-text on the root, and so on. A switch is a
   choice of the person at this screen and is kept in a cookie, so that the next page comes drawn that way; where the
   root says data-keep="visit" (a kiosk) it is kept nowhere. */
"use strict";
const Aids = (() => {
  const ON = { text: "large", contrast: "high", reach: "low" };
  const OFF = "normal";
  const KEPT_S = 365 * 24 * 3600;
  const root = document.documentElement;

  const draw = () => {
    for (const button of document.querySelectorAll("[data-aid]")) {
      const name = button.dataset.aid;
      if (name in ON) button.setAttribute("aria-pressed", String(root.dataset[name] === ON[name]));
    }
  };
  const set = (name, on) => {
    root.dataset[name] = on ? ON[name] : OFF;
    if (root.dataset.keep !== "visit") {
      document.cookie = `${name}=${root.dataset[name]}; path=/; max-age=${KEPT_S}; SameSite=Lax`;
    }
    draw();
    root.dispatchEvent(new CustomEvent("aids", { detail: name }));
  };
  const isOn = (name) => root.dataset[name] === ON[name];

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-aid]");
    if (button && button.dataset.aid in ON) set(button.dataset.aid, !isOn(button.dataset.aid));
  });
  draw();
  return { set, isOn, draw };
})();
