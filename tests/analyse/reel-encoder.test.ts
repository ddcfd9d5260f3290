/** The film itself: real JPEGs in, a WebM out that libav reads again, with the same times, sizes and pictures. */
import { describe, expect, it } from 'vitest';
import { createNodeAvReelEncoder } from '../../src/analyse/adapters/node-av-reel-encoder.js';
import { webmFile } from '../../src/analyse/adapters/webm-file.js';
import { createGrid } from '../../src/analyse/grid.js';
import { makePicture } from '../../src/analyse/mask/make-picture.js';
import { makeReel } from '../../src/analyse/mask/make-reel.js';
import type { MaskedPicture } from '../../src/contract/picture.js';
import { newId } from '../../src/core/ids.js';
import { decodeFilm } from '../support/reel-film.js';
import { random } from './drawn-scene.js';

const signal = new AbortController().signal;
const encoder = createNodeAvReelEncoder();
const ids = { cameraId: newId(), siteId: newId(), runId: newId() };

/** A place of stripes with a bright bar that moves along; what is in the mask (the left third) is `hidden`'s. */
async function picture(step: number, hidden: number, size = { widthPx: 160, heightPx: 96 }): Promise<MaskedPicture> {
  const grid = createGrid(size.widthPx, size.heightPx, 16);
  const noise = random(hidden);
  const frame = new Uint8Array(size.widthPx * size.heightPx * 3);
  const backdrop = new Uint8Array(frame.length).fill(90);
  for (let at = 0; at < frame.length; at++) {
    const x = Math.floor(at / 3) % size.widthPx;
    const masked = Math.floor(x / 16) < 3;
    frame[at] = masked ? Math.floor(noise() * 256) : x >> 3 === 8 + step ? 240 : (x & 8) * 8 + 40;
  }
  const blocks = Uint8Array.from({ length: grid.count }, (_, block) => (block % grid.columns < 3 ? 1 : 0));
  return makePicture({
    grid, frame, backdrop, mask: { blocks, flat: new Uint8Array(grid.count) }, detections: [], modelHash: null, configHash: 'c', jpegQuality: 80,
    about: { ...ids, capturedAtMs: null, receivedAtMs: 1_000 + step },
  });
}

/** Pictures every half second, and a hole of 8 s after the tenth. */
const atMs = (i: number): number => i * 500 + (i >= 10 ? 8_000 : 0);

async function reel(count: number, hidden: (i: number) => number): Promise<Uint8Array> {
  const pictures = await Promise.all(Array.from({ length: count }, async (_, i) => ({ picture: await picture(i % 10, hidden(i)), atMs: 5_000 + atMs(i) })));
  return (await makeReel({ encoder, pictures, alert: { id: newId(), raisedAtMs: 9_000 }, untilMs: 30_000, gaps: [] }, signal)).file;
}

describe('the film of a reel', () => {
  it('has every picture at its time, in its size, a key frame first and often, and its length', async () => {
    const film = await decodeFilm(await reel(24, () => 1));
    expect(film.packets.map((p) => p.atMs)).toEqual(Array.from({ length: 24 }, (_, i) => atMs(i)));
    expect(film.packets.flatMap((p, i) => (p.key ? [i] : []))).toEqual([0, 10, 20]);
    expect(film.frames).toHaveLength(24);
    expect(film.frames.every((f) => f.widthPx === 160 && f.heightPx === 96)).toBe(true);
    expect(film.seconds).toBeCloseTo(25, 2);
    // The bar is where it was drawn, in each of them.
    for (const [i, { luma }] of film.frames.entries()) {
      const row = luma.subarray(48 * 160, 49 * 160);
      const brightest = row.indexOf(Math.max(...row));
      expect(Math.abs((brightest >> 3) - (8 + (i % 10)))).toBeLessThanOrEqual(1);
    }
  });

  it('does not depend on what was inside the mask: the same bytes', async () => {
    const one = await reel(12, (i) => i);
    const two = await reel(12, (i) => 1_000 + 7 * i);
    expect(Buffer.compare(one, two)).toBe(0);
  });

  it('holds one picture of odd size, too', async () => {
    const only = await picture(1, 1, { widthPx: 97, heightPx: 55 });
    const { file, receipt } = await makeReel({ encoder, pictures: [{ picture: only, atMs: 0 }], alert: { id: newId(), raisedAtMs: 0 }, untilMs: 0, gaps: [] }, signal);
    const film = await decodeFilm(file);
    expect(film.frames.map((f) => [f.widthPx, f.heightPx])).toEqual([[97, 55]]);
    expect(receipt).toMatchObject({ lengthMs: 500, widthPx: 97, heightPx: 55 });
    expect(film.seconds).toBeCloseTo(0.5, 2);
  });

  it('refuses another size and a broken JPEG, and stops when it is told to', async () => {
    const good = await picture(1, 1);
    const film = (jpeg: Uint8Array) => ({ widthPx: 160, heightPx: 96, lengthMs: 1_000, pictures: [{ jpeg: good.jpeg, atMs: 0 }, { jpeg, atMs: 500 }] });
    const other = await picture(1, 1, { widthPx: 96, heightPx: 64 });
    await expect(encoder.encode(film(other.jpeg), signal)).rejects.toMatchObject({ code: 'process.defect' });
    await expect(encoder.encode(film(Uint8Array.of(1, 2, 3)), signal)).rejects.toMatchObject({ code: 'process.defect' });
    await expect(encoder.encode(film(good.jpeg), AbortSignal.abort())).rejects.toMatchObject({ code: 'process.aborted' });
  });

  it('begins a new cluster where a block would not reach: stretches of minutes are written rightly', () => {
    const packets = [0, 500, 40_000, 170_000].map((at, i) => ({ data: Uint8Array.of(i), atMs: at, key: i === 0 }));
    const bytes = Buffer.from(webmFile({ widthPx: 16, heightPx: 16, lengthMs: 180_000 }, packets));
    expect(bytes.toString('hex').split('1f43b675')).toHaveLength(1 + 3);
  });
});
