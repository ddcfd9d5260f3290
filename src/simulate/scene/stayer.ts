/** Who and what stays in a scene: where they stand at a moment, on their way in and out too, and how they are painted. */
import { createRandom } from '../random.js';
import { shade, round, type Canvas } from './canvas.js';
import { paintCar } from './car.js';
import type { Place } from './path.js';
import type { Standing } from './situation.js';
import type { Ground, Spot, View } from './view.js';
import { paintWalker, type Outfit } from './walker.js';

export interface Stayer {
  readonly kind: 'walker' | 'sleeper' | 'car';
  /** the same key is painted the same */
  readonly key: string;
  readonly place: Place;
  readonly outfit: Outfit;
}

export const benchAt: Ground = [-4.2, 8];
const carAt: Ground = [5, 9.5];
const spots: readonly Ground[] = [[-0.6, 9.2], [2.3, 8.2], [-2.4, 10.4], [3.4, 10.8]];
const speedMPerS = { walker: 1.4, sleeper: 1.4, car: 5 } as const;
/** Who stands shifts the weight in one of so many moments of a minute. */
const moments = 8;
const minuteSeconds = 60;
const coats = ['#2f4f86', '#a8382f', '#d9d6cc', '#3f6a3c', '#6d5a7a', '#54585c', '#8a7046', '#2d6a70'] as const;
const trousers = ['#3a3a40', '#27303a', '#6b5b45', '#4a3b38'] as const;

/** @param second of the scene's time */
export function stayersOf(standing: Standing, view: View, seed: number, second: number): Stayer[] {
  const { situation } = standing;
  switch (situation.fault) {
    case 'stand':
      return [stayer('walker', spots[situation.spot] ?? [0, 9], situation.spot + 1)];
    case 'sleep':
      return [stayer('sleeper', benchAt, 31)];
    case 'park':
      return [stayer('car', carAt, 41)];
    case 'crowd': {
      const random = createRandom(seed * 977 + 5);
      return Array.from({ length: situation.people }, (_, i) => stayer('walker', [1.2 + (i % 4) * 1.05 + random.between(-0.25, 0.25), 8 + Math.floor(i / 4) * 0.9 + random.between(-0.2, 0.2)], 100 + i));
    }
    case 'bench':
    case 'light':
    case 'clouds':
    case 'rain':
    case 'snow':
    case 'infrared':
    case 'sway':
    case 'pumping':
      return [];
    default:
      return situation satisfies never;
  }

  function stayer(kind: Stayer['kind'], spot: Ground, number: number): Stayer {
    const random = createRandom(seed * 7919 + number * 104_729);
    const outfit: Outfit = { heightM: random.between(1.6, 1.82), coat: random.pick(coats), trousers: random.pick(trousers), hair: '#241c18', skin: '#c59a76' };
    const way = wayTo(view, spot, kind === 'car' ? 3 : 1);
    const gone = Math.min(standing.sinceSeconds, standing.leftSeconds) * speedMPerS[kind];
    if (gone < way.lengthM) {
      const going = standing.leftSeconds < standing.sinceSeconds;
      const place: Place = { at: [way.fromX + way.direction * gone, spot[1]], heading: [going ? -way.direction : way.direction, 0], walkedM: gone };
      const moving = kind === 'car' ? 'car' : 'walker';
      return { kind: moving, key: `${moving}/${number}/${gone.toFixed(3)}/${String(going)}`, place, outfit };
    }
    if (kind !== 'walker') return { kind, key: `${kind}/${number}`, place: { at: spot, heading: [1, 0], walkedM: 0 }, outfit };
    const moment = Math.floor((((second % minuteSeconds) + minuteSeconds) % minuteSeconds) / (minuteSeconds / moments));
    const posture = createRandom(seed + number * 31 + moment).integer(0, 2);
    const facing = random.between(0, Math.PI * 2);
    return { kind, key: `${kind}/${number}/${posture}`, outfit, place: { at: [spot[0] + (posture - 1) * 0.03, spot[1]], heading: [Math.cos(facing), Math.sin(facing)], walkedM: 0.3 + 0.03 * posture } };
  }
}

/** In from the nearer edge of the picture, along a line of equal depth. */
function wayTo(view: View, [x, z]: Ground, marginM: number): { fromX: number; direction: number; lengthM: number } {
  const edge = view.widthPx / 2 / view.pxPerM(z) + marginM;
  const fromX = x < 0 ? -edge : edge;
  return { fromX, direction: x < 0 ? 1 : -1, lengthM: Math.abs(x - fromX) };
}

export function paintStayer(canvas: Canvas, stayer: Stayer): void {
  if (stayer.kind === 'car') paintCar(canvas, stayer.place, stayer.outfit.coat);
  else if (stayer.kind === 'sleeper') paintSleeper(canvas, stayer.place.at, stayer.outfit);
  else paintWalker(canvas, stayer.place, stayer.outfit);
}

const seatM = 0.45;
const benchHalfM = 0.95;

export function paintBench(canvas: Canvas, [x, z]: Ground): void {
  const spot = (along: number, up: number, back: number): Spot => [x + along, up, z + back];
  for (const at of [-benchHalfM + 0.1, benchHalfM - 0.1]) for (const back of [0, 0.4]) canvas.line(spot(at, 0, back), spot(at, seatM, back), '#4a4038', 0.07);
  canvas.face([spot(-benchHalfM, seatM, 0), spot(benchHalfM, seatM, 0), spot(benchHalfM, seatM, 0.45), spot(-benchHalfM, seatM, 0.45)], '#8a6a48');
  canvas.face([spot(-benchHalfM, seatM - 0.07, 0), spot(benchHalfM, seatM - 0.07, 0), spot(benchHalfM, seatM, 0), spot(-benchHalfM, seatM, 0)], '#6b5038');
  for (const up of [0.62, 0.8]) canvas.line(spot(-benchHalfM, up, 0.45), spot(benchHalfM, up, 0.45), '#7a5c3e', 0.1);
}

/** On the side along the bench, knees drawn up a little, an arm over the chest. */
function paintSleeper(canvas: Canvas, [x, z]: Ground, outfit: Outfit): void {
  const scale = canvas.view.pxPerM(z);
  const at = (along: number, up: number): string => canvas.view.project([x + along, seatM + up, z + 0.15]).map(round).join(' ');
  const stroke = (d: string, colour: string, widthM: number): void => canvas.add(`<path d="${d}" fill="none" stroke="${colour}" stroke-width="${round(widthM * scale)}" stroke-linecap="round" stroke-linejoin="round"/>`);
  stroke(`M${at(0.05, 0.14)} L${at(0.45, 0.26)} L${at(0.82, 0.1)}`, outfit.trousers, 0.19);
  stroke(`M${at(0.82, 0.09)} L${at(0.9, 0.14)}`, '#2a2422', 0.12);
  stroke(`M${at(-0.52, 0.17)} L${at(0.05, 0.16)}`, outfit.coat, 0.3);
  stroke(`M${at(-0.45, 0.26)} L${at(-0.18, 0.24)} L${at(-0.3, 0.12)}`, shade(outfit.coat, -0.2), 0.11);
  const [hx, hy] = canvas.view.project([x - 0.76, seatM + 0.16, z + 0.15]);
  canvas.add(`<ellipse cx="${round(hx)}" cy="${round(hy)}" rx="${round(0.12 * scale)}" ry="${round(0.11 * scale)}" fill="${outfit.hair}"/>`);
}
