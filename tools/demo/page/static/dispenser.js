/* The dispenser: its lamps and its paper are shown, a click presses the real pin. */
const machine = document.querySelector('.machine');

function showMachine(state) {
  machine.querySelectorAll('.service').forEach((key, place) => {
    key.querySelector('.lamp').classList.toggle('lit', !!state.lamps[place]);
  });
  machine.querySelector('.red .lamp').classList.toggle('lit', state.red);
  const paper = machine.querySelector('[data-paper]');
  paper.hidden = !state.paper;
  machine.querySelector('[data-no-paper]').hidden = !!state.paper;
  if (state.paper) paper.src = `data:image/png;base64,${state.paper}`;
}

listen('machine', showMachine);
machine.addEventListener('click', (event) => {
  const key = event.target.closest('[data-service]');
  if (key) send('/dispenser/press', { key: Number(key.dataset.service) });
  const what = event.target.closest('[data-printer]');
  if (what) {
    const off = what.getAttribute('aria-pressed') !== 'true';
    what.setAttribute('aria-pressed', off);
    send('/dispenser/printer', what.dataset.printer === 'paper' ? { paper: off ? 'out' : 'ok' } : { plugged: !off });
  }
});
