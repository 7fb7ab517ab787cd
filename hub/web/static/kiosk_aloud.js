/* Reads the screen aloud: what is marked with data-say, by the hub's voice. A touch stops it; the next part begins it. */
"use strict";
const Aloud = (wanted) => {
  const MOST = 1400; // signs at once; the hub takes 1,500
  const root = document.documentElement;
  const button = document.querySelector("[data-aloud]");
  let on = false;
  let audio = null;
  let turn = 0;

  const stop = () => {
    turn += 1;
    audio?.pause();
    audio = null;
    delete root.dataset.reading;
  };
  const words = () => {
    const marks = root.lang === "en" ? ". " : "。";
    const said = [...document.querySelectorAll("main [data-say]")].filter((each) => each.offsetParent);
    return said.map((each) => each.innerText.replace(/\s+/g, " ").trim()).filter(Boolean).join(marks).slice(0, MOST);
  };
  const read = async () => {
    stop();
    const text = words();
    if (!on || !text) return;
    const mine = turn;
    try {
      const clip = await wanted.post("/kiosk/aloud", { lang: root.lang, text });
      if (mine !== turn) return;
      audio = new Audio(`/voice/${clip.clip}.wav`);
      root.dataset.reading = clip.clip;
      audio.addEventListener("ended", () => { if (mine === turn) delete root.dataset.reading; });
      await audio.play();
    } catch (error) {
      console.info("not read:", error.message);
      if (mine === turn) delete root.dataset.reading;
    }
  };
  const set = (value) => {
    on = value;
    button.setAttribute("aria-pressed", String(on));
    if (on) read(); else stop();
  };
  addEventListener("pointerdown", (event) => { if (!button.contains(event.target)) stop(); }, { capture: true });
  button.addEventListener("click", () => set(!on));
  return { read, set, isOn: () => on };
};
