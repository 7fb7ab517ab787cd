/* The live stream for any page: Live({ url, last, calm, onChange, onSnapshot, onTick, onSay, onLink, onCut }).
   `calm`: what is no call may come a second later, so that a wall of boards costs the hub little.
   `onCut`: the line broke just now; it may be back before anything is old.
   `last`: the id that the page was drawn at, so that nothing between drawing and listening is lost. After a cut, a sleep
   or a restart of the hub it comes back by itself with the last id it had. What is older than STALE_MS is marked: the
   root's data-link is "waiting" (nothing heard yet), "live" or "stale", and [data-since] holds the time of the last
   word. It never gives up: a TV on a wall has nobody to press reload. */
"use strict";
const Live = (wanted) => {
  const STALE_MS = 5000; // the design's limit: older than this is marked
  const ANEW_MS = 8000; // a line that is silent for so long is dead, whatever the socket says: the hub ticks every 2 s
  const CHECK_MS = 500;
  const AGAIN_MS = [250, 500, 1000, 2000, 4000]; // then every 4 s, each with chance, so that 200 boards don't come at once
  const root = document.documentElement;
  let last = wanted.last || "";
  let source = null;
  let heardAt = performance.now();
  let heardWall = Date.now();
  let openedAt = 0;
  let tries = 0;
  let timer = 0;
  let ended = false;
  let hub = null; // the hub's clock, as it last told it

  /* The moment of the last word, by the hall's clock as the hub told it: the machine here may stand in another zone. */
  const wallClock = () => {
    if (!hub) return new Date(heardWall).toTimeString().slice(0, 8);
    return new Date(hub.ms + heardAt - hub.at + hub.offsetMs).toISOString().slice(11, 19);
  };
  const setHub = (asOf) => {
    const found = asOf.match(/([+-])(\d\d):(\d\d)$/);
    const minutes = found ? Number(`${found[1]}1`) * (Number(found[2]) * 60 + Number(found[3])) : 0;
    hub = { ms: Date.parse(asOf), at: performance.now(), offsetMs: minutes * 60000 };
  };
  const link = (state) => {
    if (root.dataset.link === state) return;
    root.dataset.link = state;
    if (state === "stale") {
      const since = wallClock();
      for (const place of document.querySelectorAll("[data-since]")) place.textContent = since;
    }
    wanted.onLink?.(state, heardWall);
  };
  const heard = () => {
    heardAt = performance.now();
    heardWall = Date.now();
    tries = 0;
    link("live");
  };
  const listen = (name, act) => {
    source.addEventListener(name, (message) => {
      if (message.lastEventId) last = message.lastEventId;
      heard();
      const data = JSON.parse(message.data);
      if (data.as_of) setHub(data.as_of);
      if (data.queue) for (const bar of document.querySelectorAll("[data-practice]")) bar.hidden = !data.queue.training;
      act?.(data, last);
    });
  };
  const open = () => {
    clearTimeout(timer);
    timer = 0;
    source?.close();
    if (ended) return;
    const url = new URL(wanted.url, location.href);
    url.searchParams.set("tick", "1");
    if (wanted.calm) url.searchParams.set("calm", "1");
    if (last) url.searchParams.set("last_event_id", last);
    openedAt = performance.now();
    source = new EventSource(url);
    listen("change", wanted.onChange);
    listen("snapshot", wanted.onSnapshot);
    listen("tick", wanted.onTick);
    listen("say", wanted.onSay);
    source.addEventListener("error", again);
  };
  /* The browser's own retry keeps the address, and with it an old id, and ends for ever at a 503: ours does neither. */
  const again = () => {
    source?.close();
    if (timer || ended) return;
    if (tries === 0) wanted.onCut?.();
    const most = AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)];
    tries += 1;
    timer = setTimeout(open, most / 2 + Math.random() * most);
  };
  const check = () => {
    const silent = performance.now() - heardAt;
    const slept = Date.now() - heardWall - silent > STALE_MS;
    if (silent > STALE_MS || slept) link("stale");
    const since = performance.now() - Math.max(heardAt, openedAt);
    if ((since > ANEW_MS || (slept && since > CHECK_MS)) && !timer) open();
  };
  root.dataset.link = "waiting";
  const checking = setInterval(check, CHECK_MS);
  for (const name of ["online", "pageshow"]) addEventListener(name, () => { if (root.dataset.link !== "live") open(); });
  document.addEventListener("visibilitychange", check);
  open();
  return {
    end() { ended = true; clearInterval(checking); clearTimeout(timer); source?.close(); },
    get last() { return last; },
  };
};
