/** Houses, sheds and small works: boxes in metres with roofs, openings and a material. */
import type { Random } from '../random.js';
import { shade, type Canvas } from './canvas.js';
import type { Spot } from './view.js';

export interface Box {
  readonly x0: number;
  readonly x1: number;
  /** front and back */
  readonly z0: number;
  readonly z1: number;
  readonly heightM: number;
}

export interface House extends Box {
  readonly ridgeM: number;
  readonly wall: string;
  readonly roof: string;
  /** openings in the front, shares of its width; a door is wider than 0 at the ground */
  readonly windows: readonly number[];
  readonly door?: number;
}

/** A house whose ridge runs along x: one sees the front, one gable and the near slope of the roof with its tiles. */
export function paintHouse(canvas: Canvas, house: House, random: Random): void {
  const { x0, x1, z0, z1, heightM: h, ridgeM: r, wall, roof } = house;
  const zm = (z0 + z1) / 2;
  shadow(canvas, house);
  paintSide(canvas, house, wall, r);
  canvas.face([[x0, 0, z0], [x1, 0, z0], [x1, h, z0], [x0, h, z0]], canvas.gradient([[0, shade(wall, 0.08)], [0.8, wall], [1, shade(wall, -0.22)]]));
  canvas.face([[x0, 0, z0], [x1, 0, z0], [x1, 0.35, z0], [x0, 0.35, z0]], shade(wall, -0.35));
  const over = 0.35;
  const slope = (x: number, t: number): Spot => [x, h - 0.1 + (r - h + 0.1) * t, z0 - over + (zm - z0 + over) * t];
  canvas.face([slope(x0 - over, 0), slope(x1 + over, 0), slope(x1 + over, 1), slope(x0 - over, 1)], canvas.gradient([[0, shade(roof, -0.1)], [1, shade(roof, 0.14)]]));
  const rows = 9;
  for (let row = 0; row < rows; row++) {
    const t = row / rows;
    canvas.line(slope(x0 - over, t), slope(x1 + over, t), shade(roof, -0.4), 0.05, 'opacity="0.55"');
    for (let x = x0 - over + (row % 2) * 0.2; x < x1 + over; x += 0.4) {
      canvas.line(slope(x, t), slope(x, t + 1 / rows), shade(roof, random.next() < 0.5 ? -0.34 : -0.18), 0.04, 'opacity="0.5"');
    }
  }
  canvas.line(slope(x0 - over, 1), slope(x1 + over, 1), shade(roof, 0.2), 0.16);
  canvas.line(slope(x0 - over, 0), slope(x1 + over, 0), shade(roof, -0.5), 0.1);
  for (const share of house.windows) paintWindow(canvas, x0 + (x1 - x0) * share, z0, 0.95, 1.1, 1.2);
  if (house.door !== undefined) paintDoor(canvas, x0 + (x1 - x0) * house.door, z0, 1, 2.1, '#7a4a32');
}

/** A brick or concrete shed with a flat roof. */
export function paintShed(canvas: Canvas, box: Box, wall: string, material: 'brick' | 'sheet'): void {
  const { x0, x1, z0, z1, heightM: h } = box;
  shadow(canvas, box);
  paintSide(canvas, box, wall, h);
  canvas.face([[x0, 0, z0], [x1, 0, z0], [x1, h, z0], [x0, h, z0]], canvas.gradient([[0, shade(wall, 0.1)], [1, shade(wall, -0.16)]]));
  if (material === 'brick') {
    for (let y = 0.16, row = 0; y < h; y += 0.16, row++) {
      canvas.line([x0, y, z0], [x1, y, z0], shade(wall, 0.3), 0.02, 'opacity="0.6"');
      for (let x = x0 + (row % 2) * 0.2; x < x1; x += 0.4) canvas.line([x, y - 0.16, z0], [x, y, z0], shade(wall, 0.28), 0.018, 'opacity="0.5"');
    }
  } else {
    for (let x = x0; x < x1; x += 0.3) canvas.line([x, 0, z0], [x, h, z0], shade(wall, -0.28), 0.05, 'opacity="0.5"');
  }
  const lip = 0.25;
  canvas.face([[x0 - lip, h, z0 - lip], [x1 + lip, h, z0 - lip], [x1 + lip, h, z1 + lip], [x0 - lip, h, z1 + lip]], '#b4b2ab');
  canvas.face([[x0 - lip, h - 0.22, z0 - lip], [x1 + lip, h - 0.22, z0 - lip], [x1 + lip, h, z0 - lip], [x0 - lip, h, z0 - lip]], '#8f8d86');
}

export function paintDoor(canvas: Canvas, x: number, z: number, widthM: number, heightM: number, colour: string): void {
  const w = widthM / 2;
  canvas.face([[x - w - 0.08, 0, z], [x + w + 0.08, 0, z], [x + w + 0.08, heightM + 0.08, z], [x - w - 0.08, heightM + 0.08, z]], shade(colour, -0.45));
  canvas.face([[x - w, 0.04, z], [x + w, 0.04, z], [x + w, heightM, z], [x - w, heightM, z]], canvas.gradient([[0, shade(colour, 0.12)], [1, shade(colour, -0.15)]]));
  canvas.line([x, 0.05, z], [x, heightM, z], shade(colour, -0.4), 0.03);
  for (const y of [0.35, 0.6]) canvas.line([x - w * 0.8, heightM * y, z], [x + w * 0.8, heightM * y, z], shade(colour, -0.3), 0.04);
}

export function paintWindow(canvas: Canvas, x: number, z: number, sillM: number, widthM: number, heightM: number): void {
  const w = widthM / 2;
  const top = sillM + heightM;
  canvas.face([[x - w - 0.1, sillM - 0.1, z], [x + w + 0.1, sillM - 0.1, z], [x + w + 0.1, top + 0.1, z], [x - w - 0.1, top + 0.1, z]], '#efece4');
  canvas.face([[x - w, sillM, z], [x + w, sillM, z], [x + w, top, z], [x - w, top, z]], canvas.gradient([[0, '#6f8698'], [0.55, '#44535f'], [1, '#35414b']]));
  canvas.line([x, sillM, z], [x, top, z], '#efece4', 0.06);
  canvas.line([x - w, sillM + heightM * 0.6, z], [x + w, sillM + heightM * 0.6, z], '#efece4', 0.05);
}

/** Horizontal pipes with flanges in front of a wall. */
export function paintPipes(canvas: Canvas, x0: number, x1: number, z: number, heightsM: readonly number[], colour: string): void {
  for (const y of heightsM) {
    canvas.line([x0, y, z], [x1, y, z], shade(colour, -0.3), 0.26);
    canvas.line([x0, y + 0.04, z], [x1, y + 0.04, z], shade(colour, 0.25), 0.1);
    for (let x = x0; x <= x1 + 0.01; x += (x1 - x0) / 3) canvas.line([x, y - 0.2, z], [x, y + 0.2, z], shade(colour, -0.45), 0.12);
    for (const x of [x0 + 0.2, x1 - 0.2]) canvas.line([x, 0, z], [x, y - 0.1, z], '#555', 0.1);
  }
}

/** The wall at the side that the camera sees, up to the ridge. */
function paintSide(canvas: Canvas, box: Box, wall: string, ridgeM: number): void {
  const x = box.x0 > 0 ? box.x0 : box.x1 < 0 ? box.x1 : undefined;
  if (x === undefined) return;
  const zm = (box.z0 + box.z1) / 2;
  canvas.face([[x, 0, box.z0], [x, box.heightM, box.z0], [x, ridgeM, zm], [x, box.heightM, box.z1], [x, 0, box.z1]], canvas.gradient([[0, shade(wall, -0.2)], [1, shade(wall, -0.4)]]));
}

function shadow(canvas: Canvas, { x0, x1, z0, z1 }: Box): void {
  canvas.face([[x0 + 0.2, 0, z0 - 0.9], [x1 + 1.4, 0, z0 - 0.9], [x1 + 1.4, 0, z1], [x0, 0, z1]], '#1d2216', 'opacity="0.28"');
}
