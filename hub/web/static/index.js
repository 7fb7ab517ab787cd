/* The index stays true by itself: what a change tells is drawn anew from the page itself; what is old is marked. */
"use strict";
(() => {
  const AT_MOST_MS = 1000; // in a busy hall once a second is enough for an eye
  const main = document.getElementById("content");
  let asked = 0;
  const ask = async () => {
    asked = 0;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const section of fresh.querySelectorAll("main > section")) {
        const old = main.querySelector(`section[aria-labelledby="${section.getAttribute("aria-labelledby")}"]`);
        if (old && old.innerHTML !== section.innerHTML && !old.contains(document.activeElement)) {
          old.className = section.className;
          old.innerHTML = section.innerHTML;
        }
      }
      document.querySelector(".bar time").textContent = fresh.querySelector(".bar time").textContent;
    } catch (error) {
      console.info("the index:", error.name);
    }
  };
  const soon = () => { asked ||= setTimeout(ask, AT_MOST_MS); };
  Live({ url: "/api/v1/stream", last: main.dataset.last, calm: true, onChange: soon, onSnapshot: soon });
})();
