/** A walking figure with joints: legs and arms swing with the way that was walked. A head without a face. */
import { shade, round, type Canvas } from './canvas.js';
import type { Place } from './path.js';
import type { Px, Spot } from './view.js';

export interface Outfit {
  readonly heightM: number;
  readonly coat: string;
  readonly trousers: string;
  readonly hair: string;
  readonly skin: string;
}

/** Metres of one whole step cycle (left and right). */
const cycleM = 1.35;

export function paintWalker(canvas: Canvas, place: Place, outfit: Outfit): void {
  const { view } = canvas;
  const [x, z] = place.at;
  const [hx, hz] = place.heading;
  const size = outfit.heightM / 1.72;
  const scale = view.pxPerM(z) * size;
  const phase = (place.walkedM / cycleM) * Math.PI * 2;
  const bob = 0.025 * Math.cos(phase * 2);
  /** forward along the way, side to its right, up: metres of a figure of 1.72 m */
  const spot = (forward: number, side: number, up: number): Spot => [x + (hx * forward + hz * side) * size, Math.max(0, up * size), z + (hz * forward - hx * side) * size];
  const px = (s: Spot): Px => view.project(s);
  const stroke = (points: readonly Spot[], colour: string, width: number): void => {
    const d = points.map((p, i) => `${i === 0 ? 'M' : 'L'}${px(p).map(round).join(' ')}`).join('');
    canvas.add(`<path d="${d}" fill="none" stroke="${colour}" stroke-width="${round(width * scale)}" stroke-linecap="round" stroke-linejoin="round"/>`);
  };

  const foot = px([x, 0, z]);
  canvas.add(`<ellipse cx="${round(foot[0] + 0.2 * scale)}" cy="${round(foot[1])}" rx="${round(0.42 * scale)}" ry="${round(0.09 * scale)}" fill="#14180f" opacity="0.4"/>`);

  const leg = (side: number, dim: number): void => {
    const swing = Math.sin(phase + (side > 0 ? 0 : Math.PI));
    const lift = Math.max(0, Math.cos(phase + (side > 0 ? 0 : Math.PI)));
    const thigh = 0.48 * swing + 0.1 * lift;
    const knee = 0.12 + 0.75 * lift;
    const hip: readonly [number, number] = [0, 0.92 + bob];
    const kneeAt: readonly [number, number] = [hip[0] + 0.44 * Math.sin(thigh), hip[1] - 0.44 * Math.cos(thigh)];
    const ankle: readonly [number, number] = [kneeAt[0] + 0.42 * Math.sin(thigh - knee), kneeAt[1] - 0.42 * Math.cos(thigh - knee)];
    const offset = 0.09 * side;
    stroke([spot(hip[0], offset, hip[1]), spot(kneeAt[0], offset, kneeAt[1]), spot(ankle[0], offset, ankle[1])], shade(outfit.trousers, dim), 0.15);
    stroke([spot(ankle[0] - 0.03, offset, ankle[1] - 0.03), spot(ankle[0] + 0.17, offset, ankle[1] - 0.05)], '#2a2422', 0.09);
  };
  const arm = (side: number, dim: number): void => {
    const swing = -0.55 * Math.sin(phase + (side > 0 ? 0 : Math.PI));
    const elbow: readonly [number, number] = [0.29 * Math.sin(swing), 1.42 + bob - 0.29 * Math.cos(swing)];
    const hand: readonly [number, number] = [elbow[0] + 0.26 * Math.sin(swing + 0.45), elbow[1] - 0.26 * Math.cos(swing + 0.45)];
    const offset = 0.215 * side;
    stroke([spot(0, offset, 1.42 + bob), spot(elbow[0], offset, elbow[1]), spot(hand[0], offset, hand[1])], shade(outfit.coat, dim), 0.115);
    stroke([spot(hand[0], offset, hand[1]), spot(hand[0] + 0.03, offset, hand[1] - 0.06)], outfit.skin, 0.085);
  };

  /** the side of the body that is turned away from the camera is drawn first */
  const far = hx > 0 ? -1 : 1;
  arm(far, -0.32);
  leg(far, -0.28);
  leg(-far, 0);
  const torso = [spot(0, -0.16, 0.95 + bob), spot(0, -0.19, 1.4 + bob), spot(0, 0.19, 1.4 + bob), spot(0, 0.16, 0.95 + bob), spot(0.02, 0, 0.84 + bob)];
  const hull = torso.map((p, i) => `${i === 0 ? 'M' : 'L'}${px(p).map(round).join(' ')}`).join('');
  const cloth = canvas.gradient([[0, shade(outfit.coat, 0.22)], [0.5, outfit.coat], [1, shade(outfit.coat, -0.35)]], 'across');
  canvas.add(`<path d="${hull}Z" fill="${outfit.coat}" stroke="${outfit.coat}" stroke-width="${round(0.2 * scale)}" stroke-linejoin="round"/>`);
  canvas.add(`<path d="${hull}Z" fill="${cloth}" stroke="${cloth}" stroke-width="${round(0.14 * scale)}" stroke-linejoin="round"/>`);
  stroke([spot(0.02, 0, 1.46 + bob), spot(0.03, 0, 1.52 + bob)], shade(outfit.skin, -0.2), 0.11);
  const head = px(spot(0.04, 0, 1.6 + bob));
  const away = hz > 0.6;
  canvas.add(`<ellipse cx="${round(head[0])}" cy="${round(head[1])}" rx="${round(0.092 * scale)}" ry="${round(0.122 * scale)}" fill="${away ? outfit.hair : canvas.gradient([[0, shade(outfit.skin, 0.1)], [1, shade(outfit.skin, -0.22)]])}"/>`);
  const lean = -hx * 0.025 * scale;
  canvas.add(`<path d="M${round(head[0] - 0.1 * scale + lean)} ${round(head[1] + 0.01 * scale)} A${round(0.1 * scale)} ${round(0.125 * scale)} 0 0 1 ${round(head[0] + 0.1 * scale + lean)} ${round(head[1] + 0.01 * scale)} L${round(head[0] + 0.08 * scale + lean)} ${round(head[1] - 0.055 * scale)} L${round(head[0] - 0.08 * scale + lean)} ${round(head[1] - 0.055 * scale)}Z" fill="${outfit.hair}"/>`);
  arm(-far, 0.06);
}
