/* The display of dots: 8 pages of 128 columns as the panel has them, the upper dot in the lowest bit. */
const COLUMNS = 128;
const ROWS = 64;
const LIT = [0xEA, 0xF6, 0xF2, 0xFF];

function drawDots(canvas, frame) {
  const bytes = Uint8Array.from(atob(frame), (letter) => letter.charCodeAt(0));
  const picture = new ImageData(COLUMNS, ROWS); // what is not lit stays clear: the glass behind it is dark
  for (let y = 0; y < ROWS; y += 1) {
    for (let x = 0; x < COLUMNS; x += 1) {
      if (bytes[(y >> 3) * COLUMNS + x] >> (y & 7) & 1) picture.data.set(LIT, 4 * (y * COLUMNS + x));
    }
  }
  canvas.getContext('2d').putImageData(picture, 0, 0);
}

/* A dot is a whole number of the screen's own dots, or strokes differ in width. */
function fitDots(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const side = Math.max(1, Math.floor(canvas.parentElement.clientWidth * ratio / COLUMNS)) / ratio;
  canvas.style.width = `${COLUMNS * side}px`;
  canvas.style.height = `${ROWS * side}px`;
}

listen('box', (box) => {
  const canvas = counters.get(box.window).querySelector('canvas');
  if (canvas && box.frame && canvas.dataset.frame !== box.frame) {
    canvas.dataset.frame = box.frame;
    drawDots(canvas, box.frame);
  }
});

const fitting = new ResizeObserver((entries) => { for (const entry of entries) fitDots(entry.target.firstElementChild); });
for (const glass of document.querySelectorAll('.lcd.dots')) fitting.observe(glass);
