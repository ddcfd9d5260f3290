/** A pump station beside the village street; its forecourt is guarded. */
import { paintHouse, paintDoor, paintPipes, paintShed, paintWindow } from '../buildings.js';
import { daylight, paintFence, paintGrain, paintGround, paintMeadow, paintPoles, paintRoad, paintSky, paintTree } from '../landscape.js';
import type { Scene } from '../scene.js';
import { createView } from '../view.js';
import { blueJacket, redCoat, whiteShirt } from './outfits.js';

export function createPumpStation(seed: number): Scene {
  return {
    name: 'Pump station',
    view: createView({ mountHeightM: 4.2, horizontalFovDeg: 70, horizonPx: 84 }),
    azimuthDeg: 65,
    guardGround: [[-2.6, 8.3], [4.3, 8.3], [5.6, 11.9], [-2.8, 11.9]],
    paint(canvas, random) {
      paintSky(canvas, daylight, random);
      paintMeadow(canvas, daylight, random);
      for (const [x0, wall, roof] of [[-30, '#d8cfbd', '#8d5a48'], [-17, '#e2dccb', '#7b4b3f'], [12, '#cfd2c6', '#98604a'], [26, '#ddd3bf', '#84523f']] as const) {
        paintHouse(canvas, { x0, x1: x0 + 9, z0: 38, z1: 46, heightM: 3.6, ridgeM: 6.2, wall, roof, windows: [0.2, 0.5, 0.8] }, random);
      }
      paintRoad(canvas, [[-40, 19], [0, 19.4], [40, 19]], [[-40, 14.4], [0, 14.8], [40, 14.4]], '#77777a');
      paintPoles(canvas, [[-9, 21], [6, 21.5], [21, 21]]);
      paintHouse(canvas, { x0: -15.5, x1: -7.2, z0: 22.5, z1: 29, heightM: 3.4, ridgeM: 6, wall: '#e6decb', roof: '#9a5640', windows: [0.22, 0.78], door: 0.5 }, random);
      paintGround(canvas, [[-3.4, 7.4], [5.2, 7.4], [7.2, 13.4], [-3.6, 13.4]], '#b3aea2', '#8d887c');
      for (let z = 8.4; z < 13.4; z += 1.2) canvas.line([-3.5, 0, z], [6.6, 0, z], '#7d786d', 0.03, 'opacity="0.6"');
      for (let x = -2.2; x < 6; x += 1.4) canvas.line([x, 0, 7.4], [x * 1.12, 0, 13.4], '#7d786d', 0.03, 'opacity="0.5"');
      paintGrain(canvas, seed);
    },
    layers: [
      { depthM: 24, sway: true, paint: (canvas, random) => paintTree(canvas, random, [16, 24], 7.5, '#5f8248') },
      { depthM: 20.5, sway: true, paint: (canvas, random) => paintTree(canvas, random, [-3.2, 20.5], 5.2, '#6d8f4c') },
      {
        depthM: 12.5,
        sway: false,
        paint(canvas) {
          paintShed(canvas, { x0: 0.6, x1: 6.2, z0: 12.6, z1: 14, heightM: 2.9 }, '#a9674f', 'brick');
          paintDoor(canvas, 2.1, 12.58, 1.15, 2.15, '#3f6677');
          paintWindow(canvas, 4.4, 12.58, 1.3, 1, 0.8);
          paintPipes(canvas, -2.4, 0.5, 12.4, [0.6, 1.05], '#4d7fa3');
        },
      },
      { depthM: 11.2, sway: true, paint: (canvas, random) => paintTree(canvas, random, [-6.6, 11.2], 4.9, '#587a41') },
      { depthM: 7.6, sway: false, paint: (canvas) => paintFence(canvas, [[5.9, 7.6], [7.9, 12.6]], 1.5, '#5d6266') },
    ],
    actors: [
      { kind: 'walker', outfit: blueJacket, path: { startSecond: 21.5, speedMPerS: 1.12, points: [[-7.6, 9.6], [1.5, 9.7], [9.2, 9.4]] } },
      { kind: 'car', colour: '#b8bcc2', path: { startSecond: 37.5, speedMPerS: 5.2, points: [[-17, 15.8], [17, 15.8]] } },
      { kind: 'walker', outfit: redCoat, path: { startSecond: 43, speedMPerS: 1.75, points: [[11.3, 14.6], [-11.3, 14.6]] } },
      { kind: 'walker', outfit: whiteShirt, path: { startSecond: 43.3, speedMPerS: 1.75, points: [[11.6, 15], [-11.5, 15]] } },
    ],
  };
}
