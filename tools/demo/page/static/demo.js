/* The virtual boxes: what the firmware's pins say is shown, a click presses the real pin. What was pressed is kept nowhere. */
const hall = document.getElementById('content');
const root = document.documentElement;
const counters = new Map([...document.querySelectorAll('.counter')].map((el) => [el.dataset.window, el]));
const LOST_MS = 2000; // a reconnect within two seconds is not worth a word
let lost = 0;

const send = (path, body) => fetch(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json', 'Demo-Secret': hall.dataset.secret }, body: JSON.stringify(body),
}).catch(() => {}); // the banner says that the demo is away

function showBox(box) {
  const counter = counters.get(box.window);
  counter.dataset.power = box.power;
  counter.dataset.led = box.led ? 'on' : 'off';
  counter.querySelectorAll('.lamp').forEach((lamp, place) => lamp.classList.toggle('lit', box.lamps[place]));
  const name = box.power === 'on' && box.face ? box.face.state : '';
  for (const face of counter.querySelectorAll('[data-face]')) face.hidden = face.dataset.face !== name;
  counter.querySelector('[data-number]').textContent = box.face ? box.face.number : '';
  const bar = counter.querySelector('.bar');
  bar.hidden = name !== 'invited';
  if (!bar.hidden) bar.dataset.ends = performance.now() + box.face.left * box.face.wait_ms;
  bar.dataset.wait = box.face ? box.face.wait_ms : 1;
  press(counter, 'power', box.power === 'off');
  press(counter, 'wire', box.wire_cut);
  for (const place of counter.querySelectorAll('[data-place]')) {
    place.hidden = place.dataset.place !== (box.at === null ? 'none' : 'elsewhere') || box.shelf || box.at === box.window;
  }
  counter.querySelector('[data-at]').textContent = box.at ?? '';
  words(counter);
}

/* between two messages the bar goes on by the clock */
setInterval(() => {
  for (const bar of document.querySelectorAll('.bar:not([hidden])')) {
    const left = Math.max(0, (bar.dataset.ends - performance.now()) / bar.dataset.wait);
    bar.firstElementChild.style.width = `${(left * 100).toFixed(1)}%`;
  }
}, 100);

const press = (counter, what, on) => counter.querySelector(`[data-do="${what}"]`).setAttribute('aria-pressed', on);

function words(counter) {
  const state = root.dataset.link === 'lost' ? 'lost' : counter.dataset.power;
  for (const word of counter.querySelectorAll('[data-state]')) word.hidden = word.dataset.state !== state;
}

function showHall(counts) {
  for (const el of document.querySelectorAll('[data-count]')) el.textContent = counts[el.dataset.count] ?? '—';
  document.querySelector('[data-as-of]').textContent = counts.as_of ?? '';
  document.querySelector('[data-hands-off]').checked = counts.hands_off;
}

function link(state) {
  if (root.dataset.link === state) return;
  root.dataset.link = state;
  document.getElementById('lost').hidden = state !== 'lost';
  for (const control of document.querySelectorAll('.key, .small, .check input')) control.disabled = state === 'lost';
  counters.forEach(words);
}

const shows = [];
/* What this page or one of its other scripts does with an event of the demo. */
const listen = (event, show) => shows.push([event, show]);
listen('box', showBox);
listen('hall', showHall);
listen('doing', (said) => { document.querySelector('[data-doing]').textContent = said[root.lang]; });

/* The first events tell everything; opened before the last script has said what it shows, they would find nobody. */
document.addEventListener('DOMContentLoaded', () => {
  const stream = new EventSource('/stream');
  stream.addEventListener('open', () => { clearTimeout(lost); lost = 0; link('up'); });
  stream.addEventListener('error', () => { lost ||= setTimeout(() => link('lost'), LOST_MS); });
  for (const [event, show] of shows) stream.addEventListener(event, (message) => show(JSON.parse(message.data)));
});

counters.forEach((counter, id) => {
  for (const key of counter.querySelectorAll('.key')) key.addEventListener('click', () => send(`/windows/${id}/press`, { key: Number(key.dataset.key) }));
  counter.addEventListener('keydown', (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !/^[1-5]$/.test(event.key)) return;
    counter.querySelector(`.key[data-key="${event.key}"]`).click();
  });
  for (const what of ['power', 'wire']) {
    const button = counter.querySelector(`[data-do="${what}"]`);
    button.addEventListener('click', () => send(`/windows/${id}/${what}`, { off: button.getAttribute('aria-pressed') !== 'true' }));
  }
});
document.querySelector('[data-hands-off]').addEventListener('change', (event) => send('/hands-off', { on: event.target.checked }));
