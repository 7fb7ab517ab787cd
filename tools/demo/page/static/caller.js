/* The virtual callers: the segments that the two wires light, and keys that close the matrix. */
const callers = new Map([...document.querySelectorAll('[data-caller]')].map((el) => [el.dataset.caller, el]));

listen('caller', (seen) => {
  const caller = callers.get(seen.window);
  if (!caller) return;
  caller.querySelector('svg').setAttribute('aria-label', seen.powered ? seen.text : '');
  caller.querySelectorAll('g').forEach((digit, place) => {
    digit.querySelectorAll('path').forEach((segment, bit) => segment.classList.toggle('lit', Boolean((seen.digits[place] ?? 0) >> bit & 1)));
  });
});

callers.forEach((caller, id) => {
  for (const key of caller.querySelectorAll('[data-caller-key]')) {
    key.addEventListener('click', () => send(`/windows/${id}/caller`, { key: key.dataset.callerKey }));
  }
});
