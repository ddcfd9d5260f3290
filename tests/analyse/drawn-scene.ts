/** A drawn camera: a textured yard with noise, light and things standing in it. The same numbers give the same pixels. */
import type { Detection, DetectionClass } from '../../src/contract/detection.js';
import type { DetectOutcome, Detector } from '../../src/contract/detector.js';
import type { Frame } from '../../src/contract/frame.js';
import type { CameraView } from '../../src/contract/registry.js';
import type { Zone } from '../../src/contract/zone.js';
import { loadConfig } from '../../src/config/load.js';
import path from 'node:path';

export const widthPx = 320;
export const heightPx = 192;

export const config = { ...loadConfig({ packageFolder: path.resolve(import.meta.dirname, '../..'), env: {} }).config.analyse, quietPictureMs: 1000, busyPictureMs: 500 };

export interface Thing {
  readonly class: DetectionClass;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** score that the scripted detector gives; undefined: it does not see the thing */
  readonly score?: number;
  /** mean colour; null: the road's own colour, only textured differently */
  readonly colour?: readonly [number, number, number] | null;
  readonly seed?: number;
  /** the detector reports it although nothing is there */
  readonly ghost?: boolean;
}

export interface Draw {
  readonly seed: number;
  readonly things?: readonly Thing[];
  readonly gain?: number;
  readonly offset?: number;
  readonly grey?: boolean;
  /** px by which the whole view is shifted */
  readonly shiftX?: number;
  readonly shiftY?: number;
  readonly noise?: number;
  /** another place altogether */
  readonly place?: number;
  readonly size?: readonly [number, number];
}

export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Smooth random fields at two scales with walls and lines: enough structure to know a place again. */
function place(number: number): (x: number, y: number) => readonly [number, number, number] {
  const next = random(number * 7919 + 17);
  const bars = Array.from({ length: 14 }, () => ({ x: next() * widthPx * 1.4 - 60, y: next() * heightPx * 1.4 - 40, w: 8 + next() * 70, h: 6 + next() * 60, c: [60 + next() * 130, 60 + next() * 130, 60 + next() * 120] as const }));
  const waves = Array.from({ length: 6 }, () => ({ fx: 0.02 + next() * 0.25, fy: 0.02 + next() * 0.25, p: next() * 7, a: 2 + next() * 5 }));
  return (x, y) => {
    let colour: readonly [number, number, number] = [112, 116, 104];
    for (const b of bars) if (x >= b.x && x < b.x + b.w && y >= b.y && y < b.y + b.h) colour = b.c;
    let wave = 0;
    for (const w of waves) wave += w.a * Math.sin(w.fx * x + w.fy * y + w.p);
    return [colour[0] + wave, colour[1] + wave, colour[2] + wave];
  };
}

export function draw(options: Draw): Uint8Array {
  const [width, height] = options.size ?? [widthPx, heightPx];
  const at = place(options.place ?? 1);
  const next = random(options.seed * 104729 + 3);
  const rgb = new Uint8Array(width * height * 3);
  const { gain = 1, offset = 0, noise = 4 } = options;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let colour = at(x - (options.shiftX ?? 0), y - (options.shiftY ?? 0));
      for (const t of options.things ?? []) {
        if (x < t.x || x >= t.x + t.w || y < t.y || y >= t.y + t.h) continue;
        const own = t.colour === undefined ? ([30, 40, 90] as const) : t.colour;
        const check = (Math.floor((x - t.x) / 4) + Math.floor((y - t.y) / 4) + (t.seed ?? 0)) % 2 === 0 ? 1 : -1;
        colour = own === null ? [colour[0] + 22 * check, colour[1] + 22 * check, colour[2] + 22 * check] : [own[0] + 10 * check, own[1] + 10 * check, own[2] + 10 * check];
      }
      const grain = (next() + next() - 1) * noise;
      const i = (y * width + x) * 3;
      const mean = (colour[0] + colour[1] + colour[2]) / 3;
      for (let c = 0; c < 3; c++) rgb[i + c] = Math.max(0, Math.min(255, Math.round(gain * (options.grey ? mean : (colour[c] as number)) + offset + grain)));
    }
  }
  return rgb;
}

export const view: CameraView = { cameraId: 'c1', siteId: 's1', requireDetector: false, sampleIntervalMs: 1000, zones: [], viewVersion: 1, configVersion: 1 };

export function zone(kind: Zone['kind'], polygon: Zone['polygon'], id = `${kind}-1`): Zone {
  return { id, siteId: 's1', cameraId: 'c1', kind, name: kind, polygon, placeId: null };
}

export function frameOf(rgb: Uint8Array, sequence: number, size: readonly [number, number] = [widthPx, heightPx], cameraId = 'c1'): Frame {
  return { cameraId, runId: 'r1', sequence, widthPx: size[0], heightPx: size[1], rgb, capturedAtMs: null, receivedAtMs: 1_750_000_000_000 + sequence * 1000 };
}

/** A detector that sees what the script says: our own second adapter of the port. */
export interface ScriptedDetector extends Detector {
  things: readonly Thing[];
  fail: boolean;
  calls: number;
}

export function scriptedDetector(): ScriptedDetector {
  return {
    info: { name: 'scripted', modelHash: 'f'.repeat(64) },
    things: [],
    fail: false,
    calls: 0,
    detect(frame, minScore): Promise<DetectOutcome> {
      this.calls++;
      if (this.fail) return Promise.resolve({ status: 'failed', detail: 'scripted' });
      // A tile is smaller than the picture; the script only answers for whole pictures.
      if (frame.widthPx !== widthPx || frame.heightPx !== heightPx) return Promise.resolve({ status: 'ok', detections: [], inferenceMs: 1 });
      const detections: Detection[] = this.things
        .filter((t) => t.score !== undefined && t.score >= minScore && (t.ghost === true || holds(frame.rgb, t)))
        .map((t) => ({ class: t.class, score: t.score ?? 0, xPx: t.x, yPx: t.y, widthPx: t.w, heightPx: t.h }));
      return Promise.resolve({ status: 'ok', detections, inferenceMs: 1 });
    },
    close: () => Promise.resolve(),
  };
}

/** Are the pixels of a thing's box of the thing's colour? */
function holds(rgb: Uint8Array, t: Thing): boolean {
  const colour = t.colour ?? [30, 40, 90];
  const sums = [0, 0, 0];
  let n = 0;
  for (let y = t.y; y < Math.min(heightPx, t.y + t.h); y++) {
    for (let x = t.x; x < Math.min(widthPx, t.x + t.w); x++, n++) for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + (rgb[(y * widthPx + x) * 3 + c] as number);
  }
  return t.colour === null || sums.every((sum, c) => Math.abs(sum / n - (colour[c] as number)) < 40);
}
