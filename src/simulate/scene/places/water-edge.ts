/** The bank of the village pond under a grey sky; the strip along the water is guarded. */
import { paintHouse } from '../buildings.js';
import { round } from '../canvas.js';
import { overcast, paintFence, paintGrain, paintGround, paintMeadow, paintPoles, paintRoad, paintSky, paintTree } from '../landscape.js';
import type { Scene } from '../scene.js';
import { createView, type Ground } from '../view.js';
import { blueJacket, greenVest, redCoat } from './outfits.js';

const pond: readonly Ground[] = Array.from({ length: 40 }, (_, i) => {
  const angle = (i / 40) * Math.PI * 2;
  return [-1 + Math.cos(angle) * (9.5 + 0.7 * Math.sin(angle * 3)), 17.6 + Math.sin(angle) * (4.9 + 0.4 * Math.cos(angle * 4))] as const;
});

export function createWaterEdge(seed: number): Scene {
  return {
    name: "Water's edge",
    view: createView({ mountHeightM: 4.2, horizontalFovDeg: 70, horizonPx: 84 }),
    azimuthDeg: 228,
    guardGround: [[-5, 8.9], [5.2, 8.9], [6, 12.1], [-6.4, 12.1]],
    paint(canvas, random) {
      paintSky(canvas, overcast, random);
      paintMeadow(canvas, overcast, random);
      for (const [x0, wall, roof] of [[-33, '#d5d0c4', '#6f5b52'], [-15, '#cfcabb', '#7a5a4c'], [4, '#d9d3c3', '#6b4f45'], [22, '#ccc8bc', '#75584b']] as const) {
        paintHouse(canvas, { x0, x1: x0 + 9.5, z0: 40, z1: 48, heightM: 3.6, ridgeM: 6.3, wall, roof, windows: [0.18, 0.42, 0.8], door: 0.6 }, random);
      }
      paintRoad(canvas, [[-45, 34], [0, 34.4], [45, 34]], [[-45, 29], [0, 29.4], [45, 29]], '#75767a');
      paintPoles(canvas, [[-22, 35.5], [-4, 36], [14, 35.5], [31, 36]]);
      paintGround(canvas, [[-40, 26.3], [40, 26.3], [40, 24.9], [-40, 24.9]], '#b0a78f');
      paintGround(canvas, [[-12, 8.4], [12, 8.4], [12, 6.3], [-12, 6.3]], '#b5ad98');
      paintGrain(canvas, seed);
      paintGround(canvas, pond.map(([x, z]) => [x * 1.05 + 0.05, 17.6 + (z - 17.6) * 1.09] as const), '#7a7358');
      canvas.face(pond.map(([x, z]) => [x, 0, z]), canvas.gradient([[0, '#b9c4c6'], [0.5, '#8fa0a4'], [1, '#62757a']]), 'stroke="#4f5d58" stroke-width="1"');
      for (let i = 0; i < 46; i++) {
        const [x, z] = [random.between(-9, 7.4), random.between(13.6, 21.6)];
        if (((x + 1) / 9.2) ** 2 + ((z - 17.6) / 4.6) ** 2 > 0.85) continue;
        const [px, py] = canvas.view.project([x, 0, z]);
        canvas.add(`<ellipse cx="${round(px)}" cy="${round(py)}" rx="${round(random.between(8, 34))}" ry="0.8" fill="#dfe6e6" opacity="${round(random.between(0.15, 0.4))}"/>`);
      }
      for (let i = 0; i < 120; i++) {
        const [x, z] = pond[random.integer(0, pond.length - 1)] ?? [0, 18];
        const tall = random.between(0.5, 1.2);
        const foot = x + random.between(-0.7, 0.7);
        if (z < 14.4 && Math.abs(foot - 1.6) < 2) continue;
        canvas.line([foot, 0, z + 0.1], [foot + random.between(-0.2, 0.2), tall, z + 0.1], random.next() < 0.5 ? '#6f7d45' : '#8a8a50', 0.05, 'opacity="0.85"');
      }
      for (let i = 0; i <= 10; i++) {
        const z = 12.3 + i * 0.42;
        canvas.face([[0.9, 0.3, z], [2.5, 0.3, z], [2.5, 0.3, z + 0.36], [0.9, 0.3, z + 0.36]], i % 2 ? '#8d7759' : '#82694b');
      }
      for (const z of [12.4, 14.4, 16.6]) for (const x of [0.9, 2.5]) canvas.line([x, 0, z], [x, 0.9, z], '#5f4c35', 0.14);
    },
    layers: [
      { depthM: 26, sway: true, paint: (canvas, random) => paintTree(canvas, random, [-11.5, 26.8], 7.4, '#5f7550') },
      { depthM: 27, sway: true, paint: (canvas, random) => paintTree(canvas, random, [13.2, 27.4], 6.6, '#677c52') },
      { depthM: 12.6, sway: true, paint: (canvas, random) => paintTree(canvas, random, [-8.2, 13.2], 5.6, '#5a7148') },
      { depthM: 12.2, sway: false, paint: (canvas) => paintFence(canvas, [[3.4, 12.2], [9.4, 12.6]], 0.95, '#70777b') },
    ],
    actors: [
      { kind: 'walker', outfit: redCoat, path: { startSecond: 21.2, speedMPerS: 1.3, points: [[9.4, 10.4], [2.5, 10.8], [-9.6, 10.2]] } },
      { kind: 'car', colour: '#39618c', path: { startSecond: 37, speedMPerS: 8.5, points: [[-27, 31], [27, 31]] } },
      { kind: 'walker', outfit: blueJacket, path: { startSecond: 42, speedMPerS: 2.9, points: [[20, 25.4], [-20, 25.4]] } },
      { kind: 'walker', outfit: greenVest, path: { startSecond: 41.4, speedMPerS: 2.8, points: [[-20, 25.9], [20, 25.9]] } },
    ],
  };
}
