/** The gate of the village school after hours, beside the lane; the forecourt is guarded. */
import { paintHouse, paintShed, paintWindow } from '../buildings.js';
import { shade } from '../canvas.js';
import { daylight, paintGrain, paintGround, paintMeadow, paintPoles, paintRoad, paintSky, paintTree, type Light } from '../landscape.js';
import type { Scene } from '../scene.js';
import { createView } from '../view.js';
import { blueJacket, greenVest, whiteShirt } from './outfits.js';

const morning: Light = { ...daylight, skyTop: '#86b3d6', skyLow: '#f1eee2', grass: '#86a05c' };

export function createSchoolGate(seed: number): Scene {
  return {
    name: 'School gate',
    view: createView({ mountHeightM: 4.2, horizontalFovDeg: 70, horizonPx: 84 }),
    azimuthDeg: 311,
    guardGround: [[-2.9, 8.6], [4.7, 8.6], [6.2, 13.6], [-3.4, 13.6]],
    paint(canvas, random) {
      paintSky(canvas, morning, random);
      paintMeadow(canvas, morning, random);
      for (const [x0, z0, wall] of [[-40, 58, '#ddd5c2'], [-26, 50, '#d3cdbd'], [-23, 72, '#e2d8c4']] as const) {
        paintHouse(canvas, { x0, x1: x0 + 9, z0, z1: z0 + 8, heightM: 3.6, ridgeM: 6.2, wall, roof: '#8e5847', windows: [0.25, 0.5, 0.75] }, random);
      }
      paintRoad(canvas, [[-9.3, 5.6], [-9.3, 12], [-9.2, 22], [-9, 44], [-8.4, 90]], [[-4.9, 5.6], [-4.9, 12], [-4.9, 22], [-4.9, 44], [-4.7, 90]], '#7d7e80');
      paintPoles(canvas, [[-11.6, 16], [-11.2, 34], [-10.6, 60]]);
      paintHouse(canvas, { x0: -2.4, x1: 17, z0: 24, z1: 32, heightM: 6.4, ridgeM: 9, wall: '#ead9b8', roof: '#a4523c', windows: [], door: 0.3 }, random);
      for (let i = 0; i < 7; i++) for (const sill of [0.9, 3.9]) if (i !== 2 || sill > 1) paintWindow(canvas, -1 + i * 2.8, 23.98, sill, 1.3, 1.5);
      canvas.line([7, 9, 28], [7, 12.2, 28], '#9a9a98', 0.08);
      canvas.face([[7, 11, 28], [8.7, 11, 28], [8.7, 12.1, 28], [7, 12.1, 28]], '#3f77a8');
      paintGround(canvas, [[-3.6, 7], [6.6, 7], [8.4, 16], [-3.9, 16]], '#bdb5a6', '#968e7f');
      for (let z = 8; z < 16; z += 1.1) canvas.line([-3.8, 0, z], [8.2, 0, z], '#857d6d', 0.03, 'opacity="0.6"');
      for (let x = -3; x < 7; x += 1.2) canvas.line([x, 0, 7], [x * 1.15 + 0.2, 0, 16], '#857d6d', 0.03, 'opacity="0.45"');
      paintGrain(canvas, seed);
    },
    layers: [
      { depthM: 22, sway: true, paint: (canvas, random) => paintTree(canvas, random, [-2.3, 20.5], 6, '#6b934d') },
      { depthM: 21, sway: true, paint: (canvas, random) => paintTree(canvas, random, [12.6, 21], 7.2, '#5f8a48') },
      {
        depthM: 16,
        sway: false,
        paint(canvas) {
          const wall = '#d9cfbc';
          paintShed(canvas, { x0: -3.8, x1: 0.2, z0: 16, z1: 16.3, heightM: 1.9 }, wall, 'brick');
          paintShed(canvas, { x0: 4.2, x1: 16, z0: 16, z1: 16.3, heightM: 1.9 }, wall, 'brick');
          for (const x of [-0.1, 4]) {
            canvas.face([[x, 0, 15.8], [x + 0.6, 0, 15.8], [x + 0.6, 2.6, 15.8], [x, 2.6, 15.8]], canvas.gradient([[0, '#b06a4f'], [1, '#8a4d38']], 'across'));
            canvas.face([[x - 0.1, 2.6, 15.8], [x + 0.7, 2.6, 15.8], [x + 0.7, 2.85, 15.8], [x - 0.1, 2.85, 15.8]], '#d8d2c4');
          }
          const iron = '#39434d';
          for (let x = 0.6; x <= 4.01; x += 0.24) canvas.line([x, 0.1, 15.9], [x, 1.9, 15.9], iron, 0.04);
          for (const y of [0.25, 1.75]) canvas.line([0.5, y, 15.9], [4, y, 15.9], shade(iron, 0.15), 0.07);
        },
      },
      { depthM: 17, sway: true, paint: (canvas, random) => paintTree(canvas, random, [-12.2, 19], 6.2, '#678c4a') },
    ],
    actors: [
      { kind: 'walker', outfit: whiteShirt, path: { startSecond: 20.9, speedMPerS: 1.24, points: [[9.6, 11.4], [1, 10.8], [-9.4, 10.6]] } },
      { kind: 'car', colour: '#d8d4c8', path: { startSecond: 38.6, speedMPerS: 7, points: [[-7.4, 4.6], [-7, 62]] } },
      { kind: 'walker', outfit: blueJacket, path: { startSecond: 43.2, speedMPerS: 1.7, points: [[-10.4, 12], [-10.3, 30]] } },
      { kind: 'walker', outfit: greenVest, path: { startSecond: 44, speedMPerS: 1.7, points: [[-9.8, 11.6], [-9.8, 28]] } },
    ],
  };
}
