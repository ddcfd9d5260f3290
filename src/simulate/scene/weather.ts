/**
 * Light and weather over a finished picture. Everything that moves goes round in a minute, so that a loop of that length has no seam;
 * drops and flakes are drawn anew for each picture from its seed.
 */
import { planesOf, type Yuv } from '../content/yuv.js';
import { createRandom, type Random } from '../random.js';
import type { Situation } from './situation.js';

const minute = (Math.PI * 2) / 60;
const black = 16;
const white = 235;
const neutral = 128;
const cellPx = 4;

/**
 * Changes the picture in place; what puts things into the scene is not its business.
 * @param horizonPx snow lies below it
 */
export function applyWeather(picture: Yuv, situation: Situation, seed: number, second: number, horizonPx: number): void {
  const { widthPx, heightPx } = picture;
  const random = createRandom((seed * 65_537 + Math.round(second * 1000)) >>> 0);
  switch (situation.fault) {
    case 'light': {
      const { level, uneven, everySeconds } = situation;
      if (everySeconds !== null && Math.floor(second / everySeconds) % 2 === 1) return;
      return shine(picture, (x) => level + (uneven * x) / widthPx);
    }
    case 'pumping': {
      const gain = 1 + situation.depth * Math.sin((second / situation.periodSeconds) * Math.PI * 2);
      return shine(picture, () => gain);
    }
    case 'clouds': {
      const waves = cloudWaves(createRandom(seed * 31 + 7));
      return shine(picture, (x, y) => {
        let f = 0;
        for (const w of waves) f += Math.sin(minute * w.rounds * second + (w.x * x) / widthPx + (w.y * y) / heightPx + w.phase) / waves.length;
        const t = Math.min(1, Math.max(0, (f + 0.1) / 0.4));
        return 1 - situation.depth * t * t * (3 - 2 * t);
      });
    }
    case 'rain':
      shine(picture, () => 1 - 0.12 * situation.strength);
      return streaks(picture, situation.strength, random);
    case 'snow':
      if (situation.lying > 0) whiten(picture, situation.lying, horizonPx, createRandom(seed));
      return flakes(picture, situation.strength, random);
    case 'infrared':
      return night(picture, random);
    case 'stand':
    case 'bench':
    case 'sleep':
    case 'park':
    case 'crowd':
    case 'sway':
      return;
    default:
      return situation satisfies never;
  }
}

function cloudWaves(random: Random): { rounds: number; x: number; y: number; phase: number }[] {
  return [1, 2, 2].map((rounds) => ({ rounds, x: random.between(2, 6), y: random.between(1, 4), phase: random.between(0, 6) }));
}

/** Light times a factor, which is asked for once in each cell. */
function shine(picture: Yuv, gainAt: (xPx: number, yPx: number) => number): void {
  const [luma, blue, red] = planesOf(picture);
  const { widthPx: w, heightPx: h } = luma;
  for (let y = 0; y < h; y += cellPx) {
    for (let x = 0; x < w; x += cellPx) {
      const gain = gainAt(x, y);
      for (let row = y; row < Math.min(h, y + cellPx); row++) {
        for (let i = row * w + x; i < row * w + Math.min(w, x + cellPx); i++) luma.data[i] = clip(black + ((luma.data[i] as number) - black) * gain);
      }
      for (const plane of [blue, red]) {
        for (let row = y >> 1; row < Math.min(h, y + cellPx) >> 1; row++) {
          for (let i = row * plane.widthPx + (x >> 1); i < row * plane.widthPx + (Math.min(w, x + cellPx) >> 1); i++) plane.data[i] = neutral + ((plane.data[i] as number) - neutral) * Math.min(1.4, gain);
        }
      }
    }
  }
}

/** Near streaks are long and bright, far ones short and faint. */
function streaks(picture: Yuv, strength: number, random: Random): void {
  const [{ data, widthPx: w, heightPx: h }] = planesOf(picture);
  for (let n = Math.round(420 * strength); n > 0; n--) {
    const near = random.next() ** 2;
    const length = 5 + 22 * near;
    const light = 10 + 40 * near;
    const [x0, y0] = [random.between(0, w), random.between(-20, h)];
    for (let d = 0; d < length; d++) {
      const [x, y] = [Math.round(x0 - d * 0.18), Math.round(y0 + d)];
      if (x < 0 || x >= w || y < 0 || y >= h) continue;
      data[y * w + x] = clip((data[y * w + x] as number) + light);
    }
  }
}

function flakes(picture: Yuv, strength: number, random: Random): void {
  const [{ data, widthPx: w, heightPx: h }] = planesOf(picture);
  for (let n = Math.round(380 * strength); n > 0; n--) {
    const r = 0.7 + 2.2 * random.next() ** 3;
    const [cx, cy] = [random.between(0, w), random.between(0, h)];
    for (let y = Math.max(0, Math.ceil(cy - r)); y <= Math.min(h - 1, cy + r); y++) {
      for (let x = Math.max(0, Math.ceil(cx - r)); x <= Math.min(w - 1, cx + r); x++) {
        if ((x - cx) ** 2 + (y - cy) ** 2 <= r * r) data[y * w + x] = (data[y * w + x] as number) * 0.25 + 220 * 0.75;
      }
    }
  }
}

/** Snow on the ground: lighter, with less contrast and next to no colour. */
function whiten(picture: Yuv, lying: number, horizonPx: number, random: Random): void {
  const planes = planesOf(picture);
  planes.forEach((plane, p) => {
    const from = p === 0 ? horizonPx : horizonPx / 2;
    for (let y = Math.ceil(from); y < plane.heightPx; y++) {
      for (let i = y * plane.widthPx; i < (y + 1) * plane.widthPx; i++) {
        const to = p === 0 ? 205 + random.between(-6, 6) : neutral;
        plane.data[i] = (plane.data[i] as number) * (1 - lying) + to * lying;
      }
    }
  });
}

/** Leaves are bright in infrared, the lamps reach the middle further than the corners, and the sensor is noisy. */
function night(picture: Yuv, random: Random): void {
  const [luma, blue, red] = planesOf(picture);
  const { widthPx: w, heightPx: h } = luma;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const i = y * w + x;
      const c = (y >> 1) * blue.widthPx + (x >> 1);
      const leaves = Math.max(0, neutral - (blue.data[c] as number)) * 0.9;
      const away = ((x - w / 2) / w) ** 2 + ((y - h * 0.6) / h) ** 2;
      const noise = (random.next() + random.next() - 1) * 5;
      luma.data[i] = clip(black + ((luma.data[i] as number) - black + leaves) * (1.05 - 1.1 * away) * 0.8 + noise);
    }
  }
  blue.data.fill(neutral);
  red.data.fill(neutral);
}

function clip(value: number): number {
  return value < black ? black : value > white ? white : value;
}
