// Asks for the ticket again and again; a page that can't be reached says so, and a call changes the page at once.
"use strict";
{
  const live = document.getElementById("live");
  const lost = document.getElementById("lost");
  const everyMs = Number(live.dataset.everyMs);

  const ask = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok && answer.status !== 404) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      // The service is finished, or the ticket is gone: another page altogether.
      if (!fresh) return location.reload();
      if (fresh.innerHTML !== live.innerHTML) live.replaceChildren(...fresh.childNodes);
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
    setTimeout(ask, everyMs);
  };
  setTimeout(ask, everyMs);
}
