/**
 * DESIGN.md 2.3 and 5.3 from the decoded picture to the stored bytes: with the mask fixed, whatever the decoder gave inside the
 * mask, at the stream's full size, the bytes are the same: through scaling, colour conversion, composing and JPEG.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { createGrid, type Grid } from '../../src/analyse/grid.js';
import type { Mask } from '../../src/analyse/mask/build-mask.js';
import { composePicture, guardPx } from '../../src/analyse/mask/compose.js';
import { encodeJpeg } from '../../src/analyse/mask/make-picture.js';
import type { Database } from '../../src/contract/database.js';
import type { ObjectStore } from '../../src/contract/object-store.js';
import type { Frame } from '../../src/contract/frame.js';
import type { MaskedPicture } from '../../src/contract/picture.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { createPpmReader } from '../../src/ingest/adapters/ppm-reader.js';
import { scaledSize } from '../../src/ingest/picture-size.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { createS3ObjectStore } from '../../src/store/adapters/s3-object-store.js';
import { pictureKey } from '../../src/store/object-keys.js';
import { createPictureStore } from '../../src/store/picture-store.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { config, draw, frameOf, heightPx, random, scriptedDetector, view, widthPx, zone, type Thing } from '../analyse/drawn-scene.js';
import { memoryDatabase, silentLog, temporaryFolder } from '../support/databases.js';
import { changeInside, changes, inBlocks, planarFormats, planesOf, scaleDecoded, type DecodedPlanes } from '../support/decoded-pictures.js';
import { testSite } from '../support/pictures.js';
import { s3Endpoint, s3Keys, services } from '../support/services.js';

const box = fc.record({
  class: fc.constantFrom('person' as const, 'vehicle' as const, 'animal' as const, 'change' as const),
  score: fc.constant(0.9),
  xPx: fc.double({ min: -20, max: 90, noNaN: true }), yPx: fc.double({ min: -20, max: 70, noNaN: true }),
  widthPx: fc.double({ min: 1, max: 90, noNaN: true }), heightPx: fc.double({ min: 1, max: 90, noNaN: true }),
});
const chain = fc.record({
  format: fc.constantFrom(...planarFormats),
  stream: fc.record({ widthPx: fc.integer({ min: 34, max: 230 }), heightPx: fc.integer({ min: 34, max: 170 }) }),
  // As large as the stream, a little smaller, or a fraction of it.
  ratio: fc.oneof(fc.constant(1), fc.double({ min: 0.9, max: 1, noNaN: true }), fc.double({ min: 0.16, max: 1, noNaN: true })),
  blockPx: fc.constantFrom(8, 16),
  // None masked, all masked, and everything between: the picture's border is as likely as its middle.
  share: fc.oneof({ weight: 1, arbitrary: fc.constantFrom(0, 1) }, { weight: 6, arbitrary: fc.double({ min: 0.02, max: 0.98, noNaN: true }) }),
  change: fc.constantFrom(...changes),
  seed: fc.integer(),
  boxes: fc.array(box, { maxLength: 3 }),
});
type Chain = typeof chain extends fc.Arbitrary<infer T> ? T : never;

const noise = (seed: number) => {
  const next = random(seed);
  return () => Math.floor(next() * 256);
};

function maskOf(grid: Grid, share: number, seed: number): Mask {
  const next = random(seed);
  const blocks = Uint8Array.from({ length: grid.count }, () => (next() < share ? 1 : 0));
  return { blocks, flat: Uint8Array.from(blocks, (b) => (b === 1 && next() < 0.4 ? 1 : 0)) };
}

/** Two decoded pictures that differ inside a mask only, and what ingest makes of them. */
async function twoFrames({ format, stream, ratio, blockPx, share, change, seed }: Chain) {
  const limit = Math.max(16, Math.floor(stream.widthPx * ratio));
  const size = scaledSize(stream, limit);
  const grid = createGrid(size.widthPx, size.heightPx, blockPx);
  const mask = maskOf(grid, share, seed);
  const masked = inBlocks(grid, mask.blocks);
  const decoded = planesOf(format, stream.widthPx, stream.heightPx, noise(seed + 1));
  const one = await scaleDecoded(decoded, limit);
  const two = await scaleDecoded(changeInside(decoded, size, masked, change, seed + 2), limit);
  expect(one).toMatchObject(size);
  const backdrop = Uint8Array.from({ length: one.rgb.length }, noise(seed + 3));
  return { grid, mask, masked, one: one.rgb, two: two.rgb, backdrop };
}

describe('with the mask fixed, what the decoder gave inside it', () => {
  it('does not show in any byte, over chroma formats, sizes, ratios, blocks, masks and changes', async () => {
    let [told, furthest] = [0, 0];
    await fc.assert(
      fc.asyncProperty(chain, async (c) => {
        const { grid, mask, masked, one, two, backdrop } = await twoFrames(c);
        const compose = (frame: Uint8Array): Uint8Array => composePicture({ grid, mask, frame, backdrop, detections: c.boxes });
        const [first, second] = [compose(one), compose(two)];
        expect(Buffer.compare(first, second)).toBe(0);
        expect(Buffer.compare(await encodeJpeg(first, grid, 80), await encodeJpeg(second, grid, 80))).toBe(0);
        // How far the scaler really carried it: the test must have something to find.
        for (let i = 0; i < one.length; i += 3) {
          const [x, y] = [(i / 3) % grid.widthPx, Math.floor(i / 3 / grid.widthPx)];
          if (masked(x, y) || (one[i] === two[i] && one[i + 1] === two[i + 1] && one[i + 2] === two[i + 2])) continue;
          told++;
          furthest = Math.max(furthest, distance(masked, grid, x, y));
        }
      }),
      { numRuns: 220 },
    );
    expect(told).toBeGreaterThan(100);
    expect(furthest).toBeGreaterThan(0);
    expect(furthest).toBeLessThanOrEqual(guardPx);
  });

  it('shows everything else as it is: the frame beyond the band, in every pixel', async () => {
    await fc.assert(
      fc.asyncProperty(chain, async (c) => {
        const { grid, mask, masked, one, backdrop } = await twoFrames(c);
        const shown = composePicture({ grid, mask, frame: one, backdrop, detections: [] });
        for (let i = 0; i < one.length; i++) {
          const [x, y] = [Math.floor(i / 3) % grid.widthPx, Math.floor(i / 3 / grid.widthPx)];
          if (shown[i] !== one[i] && distance(masked, grid, x, y) > guardPx) throw new Error(`pixel ${x},${y} is not the frame's`);
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** Pixels, along the longer side, to the next masked one; 0 inside. */
function distance(masked: (x: number, y: number) => boolean, grid: Grid, x: number, y: number): number {
  for (let d = 0; d <= guardPx; d++) {
    for (let py = Math.max(0, y - d); py <= Math.min(grid.heightPx - 1, y + d); py++) {
      for (let px = Math.max(0, x - d); px <= Math.min(grid.widthPx - 1, x + d); px++) if (masked(px, py)) return d;
    }
  }
  return guardPx + 1;
}

describe('with the mask fixed, what the frame holds outside of it', () => {
  it('does not show in any pixel inside, not even through the units of the JPEG', async () => {
    let differing = 0;
    await fc.assert(
      fc.asyncProperty(chain, async (c) => {
        const { grid, mask, masked, one, backdrop } = await twoFrames(c);
        const value = noise(c.seed + 4);
        const other = one.map((v, i) => (masked(Math.floor(i / 3) % grid.widthPx, Math.floor(i / 3 / grid.widthPx)) ? v : value()));
        const pixels = async (frame: Uint8Array): Promise<Buffer> =>
          sharp(await encodeJpeg(composePicture({ grid, mask, frame, backdrop, detections: c.boxes }), grid, 80)).raw().toBuffer();
        const [first, second] = [await pixels(one), await pixels(other)];
        if (!first.equals(second)) differing++;
        // Where colour is halved (blocks of 16 px), whoever decodes smooths it over a pixel beyond the unit: that is not in the file.
        const margin = grid.blockPx % 16 === 0 ? 1 : 0;
        const deep = (x: number, y: number): boolean => {
          for (let py = Math.max(0, y - margin); py <= Math.min(grid.heightPx - 1, y + margin); py++) for (let px = Math.max(0, x - margin); px <= Math.min(grid.widthPx - 1, x + margin); px++) if (!masked(px, py)) return false;
          return true;
        };
        for (let i = 0; i < first.length; i++) {
          const [x, y] = [Math.floor(i / 3) % grid.widthPx, Math.floor(i / 3 / grid.widthPx)];
          if (first[i] !== second[i] && deep(x, y)) throw new Error(`pixel ${x},${y} inside the mask depends on the frame outside`);
        }
      }),
      { numRuns: 80 },
    );
    expect(differing).toBeGreaterThan(20);
  });
});

describe.skipIf(!services.ffmpeg)('the scaler of the ffmpeg adapter', () => {
  it('reaches no farther than the band', () => {
    for (const [streamWidth, streamHeight, limit] of [[200, 112, 100], [142, 81, 141], [230, 130, 97]] as const) {
      const size = scaledSize({ widthPx: streamWidth, heightPx: streamHeight }, limit);
      const grid = createGrid(size.widthPx, size.heightPx, 8);
      const mask = maskOf(grid, 0.4, streamWidth);
      const decoded = planesOf('yuv420p', streamWidth, streamHeight, noise(1));
      const pictures = [decoded, ...changes.map((c, i) => changeInside(decoded, size, inBlocks(grid, mask.blocks), c, i))];
      const ran = spawnSync(
        'ffmpeg',
        ['-hide_banner', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${streamWidth}x${streamHeight}`, '-i', 'pipe:0', '-vf', `scale=w='trunc(min(${limit}\\,iw)/2)*2':h=-2:flags=area`, '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
        { input: Buffer.concat(pictures.map((p) => p.bytes)), maxBuffer: 1 << 26 },
      );
      const frames = createPpmReader().push(ran.stdout);
      if (frames === 'bad') throw new Error('no pictures');
      expect(frames.map(({ widthPx: w, heightPx: h }) => [w, h])).toEqual(pictures.map(() => [size.widthPx, size.heightPx]));
      const backdrop = new Uint8Array(size.widthPx * size.heightPx * 3);
      const shown = frames.map(({ rgb }) => Buffer.from(composePicture({ grid, mask, frame: rgb, backdrop, detections: [] })));
      for (const picture of shown) expect(picture.equals(shown[0] as Buffer)).toBe(true);
      expect(frames.some(({ rgb }) => Buffer.compare(rgb, frames[0]?.rgb ?? rgb) !== 0)).toBe(true);
    }
  });
});

/** A drawn place, decoded at twice the size at which it is analysed. */
const person: Thing = { class: 'person', x: 128, y: 64, w: 32, h: 80, score: 0.8 };
const yard: readonly (readonly [number, number])[] = [[0.7, 0.2], [0.95, 0.2], [0.95, 0.6], [0.7, 0.6]];
const [streamWidthPx, streamHeightPx] = [widthPx * 2, heightPx * 2];

function decode(rgb: Uint8Array, inside: (x: number, y: number) => (() => number) | null = () => null): DecodedPlanes {
  return planesOf('yuv420p', streamWidthPx, streamHeightPx, ({ plane, x0, y0 }) => {
    const [x, y] = [x0 >> 1, y0 >> 1];
    const other = inside(x, y);
    if (other) return other();
    const i = (y * widthPx + x) * 3;
    const [r, g, b] = [rgb[i] as number, rgb[i + 1] as number, rgb[i + 2] as number];
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    return Math.round(plane === 0 ? 16 + (luma * 219) / 255 : 128 + (plane === 1 ? 0.504 * (b - luma) : 0.636 * (r - luma)) * 0.98);
  });
}

const stores = [
  { name: 'the file system', here: true, open: async () => { const { folder, remove } = await temporaryFolder(); return { store: createFsObjectStore({ folder: path.join(folder, 'objects'), log: silentLog }), remove }; } },
  { name: 'S3', here: services.s3, open: () => { const store = createS3ObjectStore({ endpoint: s3Endpoint, bucket: `hedgerow-test-${randomBytes(6).toString('hex')}`, ...s3Keys, forcePathStyle: true, log: silentLog }); return Promise.resolve({ store, remove: async () => { for await (const { key } of store.list('')) await store.delete(key); await store.close(); } }); } },
];

describe.each(stores.map((s) => ({ ...s, label: s.here ? s.name : `${s.name} (needs an S3 server: .ci/services/s3.sh start)` })))('from the decoder to $label', ({ here, open }) => {
  let database: Database;
  let objects: ObjectStore;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    if (!here) return;
    database = await memoryDatabase();
    ({ store: objects, remove } = await open());
  });
  afterAll(async () => {
    if (!here) return;
    await database.close();
    await remove();
  });

  it.skipIf(!here)('whoever stands in a place, whatever goes on behind a privacy zone: the stored bytes are the same', async () => {
    const clock = new SimulatedClock(frameOf(new Uint8Array(), 0).receivedAtMs);
    const [siteId, cameraId, runId] = [await testSite(database), newId(), newId()];
    const frame = (rgb: Uint8Array, sequence: number): Frame => ({ ...frameOf(rgb, sequence, [widthPx, heightPx], cameraId), runId });
    const pictures = createPictureStore({ database, objects, events: createEventLog({ database, clock, log: silentLog }), receipts: createReceiptLog({ database, clock }), clock, log: silentLog, metrics: createMetrics() });
    const empty = await Promise.all(Array.from({ length: 20 }, async (_, i) => (await scaleDecoded(decode(draw({ seed: i })), widthPx)).rgb));
    const last = draw({ seed: 500 });
    const inPerson = (x: number, y: number): boolean => x >= person.x && x < person.x + person.w && y >= person.y && y < person.y + person.h;
    // The zone's inner part, and a person well inside the box: which blocks differ from the backdrop must be the same each time, for the mask to be.
    const inYard = (x: number, y: number): boolean => x >= 0.7 * widthPx + 16 && x < 0.95 * widthPx - 16 && y >= 0.2 * heightPx + 16 && y < 0.6 * heightPx - 16;

    /** @param value of every sample of the person and behind the zone */
    const photograph = async (value: () => number): Promise<{ made: MaskedPicture; mask: Mask }> => {
      let mask: Mask | undefined;
      const detector = scriptedDetector();
      const analyst = createAnalyst({ config, detector, clock, log: createLogger('silent'), metrics: createMetrics(), inspect: (m) => (mask = { blocks: Uint8Array.from(m.blocks), flat: Uint8Array.from(m.flat) }) });
      const guarded = { ...view, cameraId, siteId, zones: [zone('privacy', yard as never)] };
      for (const [i, rgb] of empty.entries()) {
        await analyst.analyse(frame(rgb, i), guarded, () => true);
        await clock.advance(1000);
      }
      detector.things = [{ ...person, x: person.x - 16, y: person.y - 16, w: person.w + 32, h: person.h + 32, ghost: true }];
      const { rgb } = await scaleDecoded(decode(last, (x, y) => (inPerson(x, y) || inYard(x, y) ? value : null)), widthPx);
      const sample = await analyst.analyse(frame(rgb, 500), guarded, () => true);
      if (sample === 'dropped' || sample.picture.status !== 'made' || !mask) throw new Error('no picture');
      return { made: sample.picture.picture, mask };
    };

    const stored: Buffer[] = [];
    const masks: Mask[] = [];
    const next = random(9);
    const people: (() => number)[] = [() => Math.floor(next() * 40), () => 215 + Math.floor(next() * 40), () => (next() < 0.5 ? 0 : 255), () => 0, () => 255];
    for (const value of people) {
      const { made, mask } = await photograph(value);
      const row = await pictures.save(made);
      const bytes = await pictures.bytes(row.id);
      expect(Buffer.from((await objects.get(pictureKey(made.receipt))) ?? []).equals(bytes)).toBe(true);
      stored.push(Buffer.from(bytes));
      masks.push(mask);
    }
    for (const mask of masks) expect(Buffer.from(mask.blocks).equals(masks[0]?.blocks ?? mask.blocks)).toBe(true);
    for (const bytes of stored) expect(bytes.equals(stored[0] as Buffer)).toBe(true);
    // The picture is one of the place, with a mask: not all of it is painted out.
    const open = masks[0]?.blocks.filter((b) => b === 0).length ?? 0;
    expect(open / (masks[0]?.blocks.length ?? 1)).toBeGreaterThan(0.5);
  });
});
