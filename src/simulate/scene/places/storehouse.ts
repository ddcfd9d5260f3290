/** A storehouse with a fenced yard beside the road out of the village, in the evening; the yard is guarded. */
import { paintDoor, paintHouse, paintShed, paintWindow } from '../buildings.js';
import { shade } from '../canvas.js';
import { evening, paintFence, paintGrain, paintGround, paintMeadow, paintPoles, paintRoad, paintSky, paintTree } from '../landscape.js';
import type { Scene } from '../scene.js';
import { createView } from '../view.js';
import { greenVest, redCoat, whiteShirt } from './outfits.js';

export function createStorehouse(seed: number): Scene {
  return {
    name: 'Storehouse',
    view: createView({ mountHeightM: 4.2, horizontalFovDeg: 70, horizonPx: 84 }),
    azimuthDeg: 142,
    guardGround: [[-5.2, 8.3], [2.3, 8.3], [2.7, 12.4], [-7, 12.4]],
    paint(canvas, random) {
      paintSky(canvas, evening, random);
      paintMeadow(canvas, evening, random);
      for (const [x0, z0, wall] of [[-34, 60, '#d9c9ae'], [-18, 55, '#e3d6bd'], [20, 58, '#d8cbb5'], [34, 52, '#e0d2b8']] as const) {
        paintHouse(canvas, { x0, x1: x0 + 10, z0, z1: z0 + 8, heightM: 3.6, ridgeM: 6.4, wall, roof: '#85503f', windows: [0.25, 0.5, 0.75] }, random);
      }
      paintHouse(canvas, { x0: 12.5, x1: 20.5, z0: 26, z1: 33, heightM: 3.5, ridgeM: 6.2, wall: '#e4d3b4', roof: '#8f4f3c', windows: [0.25, 0.75], door: 0.5 }, random);
      paintRoad(canvas, [[4.6, 5.6], [4.6, 12], [4.6, 22], [4.4, 44], [4, 90]], [[9.4, 5.6], [9.4, 12], [9.4, 22], [9, 44], [8.2, 90]], '#7b7976');
      paintPoles(canvas, [[11, 17], [10.7, 32], [10.3, 56]]);
      paintGround(canvas, [[-11, 7], [3, 7], [3, 15.2], [-14, 15.2]], '#b9ac94', '#94876f');
      for (let z = 8; z < 15; z += 2) canvas.line([-13, 0, z], [3, 0, z], '#7f735d', 0.04, 'opacity="0.5"');
      for (const x of [-6, -3, 0]) canvas.line([x, 0, 7], [x * 1.02, 0, 15], '#7f735d', 0.04, 'opacity="0.5"');
      paintGrain(canvas, seed);
      const wall = '#8fa0a3';
      paintShed(canvas, { x0: -10.5, x1: 1.4, z0: 15.2, z1: 23, heightM: 4.1 }, wall, 'sheet');
      canvas.face([[-7.6, 0, 15.18], [-3.6, 0, 15.18], [-3.6, 3.3, 15.18], [-7.6, 3.3, 15.18]], canvas.gradient([[0, '#c9b14f'], [1, '#9b8534']]));
      for (let y = 0.3; y < 3.3; y += 0.3) canvas.line([-7.6, y, 15.18], [-3.6, y, 15.18], '#7c6a2a', 0.05);
      paintDoor(canvas, -1.6, 15.18, 1, 2.1, '#5b6a4c');
      paintWindow(canvas, 0.3, 15.18, 1.5, 0.9, 0.8);
      for (const [x, size] of [[-9.6, 1.1], [-9.2, 0.8]] as const) {
        canvas.face([[x, 0, 14], [x + size, 0, 14], [x + size, size, 14], [x, size, 14]], canvas.gradient([[0, '#a98553'], [1, '#7d5f37']]));
        canvas.face([[x, size, 14], [x + size, size, 14], [x + size, size, 14.9], [x, size, 14.9]], shade('#a98553', 0.25));
      }
    },
    layers: [
      { depthM: 30, sway: true, paint: (canvas, random) => paintTree(canvas, random, [2.4, 30], 7, '#768446') },
      { depthM: 24, sway: true, paint: (canvas, random) => paintTree(canvas, random, [15, 23], 6.4, '#7d8a45') },
      // The wires run away from the camera: they stand before everybody on the road.
      { depthM: 4, sway: false, paint: (canvas) => paintFence(canvas, [[3.1, 16], [3.1, 8.4]], 1.3, '#6b6a62') },
    ],
    actors: [
      { kind: 'walker', outfit: greenVest, path: { startSecond: 22.6, speedMPerS: 1.28, points: [[-9.6, 10.9], [0.4, 10.7], [0.5, 4.6]] } },
      { kind: 'car', colour: '#9c3b32', path: { startSecond: 37.2, speedMPerS: 7, points: [[6.2, 62], [6.4, 4.5]] } },
      { kind: 'walker', outfit: whiteShirt, path: { startSecond: 43.6, speedMPerS: 1.6, points: [[3.9, 4.2], [3.8, 20]] } },
      { kind: 'walker', outfit: redCoat, path: { startSecond: 44.6, speedMPerS: 1.6, points: [[4.4, 4.2], [4.3, 19.6]] } },
    ],
  };
}
