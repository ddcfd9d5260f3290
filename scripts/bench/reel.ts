/**
 * What a reel costs: 60 pictures of 640 x 360 (30 s at 2 a second) from JPEG to one film, in processor time, in how long the
 * event loop stands, and in bytes.
 *
 * Drawn: a textured place under a slow change of light with three things that move, at the quality of stored pictures.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createNodeAvReelEncoder } from '../../src/analyse/adapters/node-av-reel-encoder.js';

const { values } = parseArgs({ options: { pictures: { type: 'string', default: '60' }, width: { type: 'string', default: '640' }, height: { type: 'string', default: '360' }, rounds: { type: 'string', default: '5' } } });
const [count, widthPx, heightPx, rounds] = [Number(values.pictures), Number(values.width), Number(values.height), Number(values.rounds)] as [number, number, number, number];

const pictures = await Promise.all(Array.from({ length: count }, async (_, i) => ({ atMs: i * 500, jpeg: await drawn(i) })));
const encoder = createNodeAvReelEncoder();
const signal = new AbortController().signal;
const rows = [];
for (let round = 0; round < rounds; round++) {
  let stoodMs = 0;
  let turnMs = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    stoodMs = Math.max(stoodMs, now - turnMs - 2);
    turnMs = now;
  }, 2);
  const [cpu, startMs] = [process.cpuUsage(), performance.now()];
  const file = await encoder.encode({ pictures, widthPx, heightPx, lengthMs: count * 500 }, signal);
  const [wallMs, used] = [performance.now() - startMs, process.cpuUsage(cpu)];
  clearInterval(watch);
  rows.push({ wallMs: Math.round(wallMs), cpuMs: Math.round((used.user + used.system) / 1000), eventLoopStoodMs: Math.round(stoodMs), filmBytes: file.byteLength });
}
await encoder.close();
console.table(rows);
console.log(`${count} pictures of ${widthPx} x ${heightPx}, ${pictures.reduce((sum, p) => sum + p.jpeg.byteLength, 0)} bytes of JPEG; load ${loadavg().map((l) => l.toFixed(1)).join(' ')} on ${cpus().length} cores`);

function drawn(step: number): Promise<Buffer> {
  const rgb = Buffer.alloc(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const thing = [0, 1, 2].some((n) => Math.abs(x - ((step * (4 + 3 * n) + n * 200) % widthPx)) < 16 && Math.abs(y - (140 + 60 * n)) < 40);
      // A texture that stays, grain that does not.
      const base = 90 + 30 * Math.sin(x / 7 + (y >> 3)) + 20 * Math.sin((x * y) / 900) + 8 * Math.sin(step / 9) + (((x * 7919 + y * 104729 + step * 1299709) >> 3) % 7);
      const at = (y * widthPx + x) * 3;
      rgb[at] = thing ? 40 : base;
      rgb[at + 1] = thing ? 120 : base * 0.9;
      rgb[at + 2] = thing ? 210 : base * 0.7;
    }
  }
  return sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } }).jpeg({ quality: 80, chromaSubsampling: '4:2:0' }).toBuffer();
}
