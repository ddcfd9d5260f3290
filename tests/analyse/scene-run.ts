/** Plays a scene through analysts and writes down what every picture showed of those who must not be seen. */
import sharp from 'sharp';
import { createAnalyst } from '../../src/analyse/analyst.js';
import type { Mask } from '../../src/analyse/mask/build-mask.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { config, view } from './drawn-scene.js';
import { blocksThatShow, exposedPixels, heightPx, widthPx, type PlayedFrame, type PlayedScene, type SceneDetector, type TrueObject } from './played-scene.js';

export interface Taken {
  readonly second: number;
  readonly made: boolean;
  /** why there is none */
  readonly reason: string | null;
  readonly maskRatio: number;
  readonly heldRatio: number;
  /** pixels of somebody in blocks that show the frame, in a picture that was made */
  readonly exposed: number;
  /** blocks of the decoded JPEG that look like somebody who is or was there */
  readonly inPicture: number;
  /** blocks of the backdrop, as far as it may be shown, that look like somebody */
  readonly inBackdrop: number;
}

/** A disturbance of the stream itself, not of the scene. */
export type Disturb = (frame: PlayedFrame) => Uint8Array | null;

/** @param seconds of the scene's time at which a sample is taken; null frames of `disturb` are not sent */
export async function runScene(scene: PlayedScene, detectors: readonly (SceneDetector | null)[], seconds: readonly number[], disturb: Disturb = (f) => f.rgb): Promise<Taken[][]> {
  const clock = new SimulatedClock();
  const lines = detectors.map((detector) => {
    const line = { detector, mask: { blocks: new Uint8Array(), flat: new Uint8Array() } as Mask, backdrop: new Uint8Array(), taken: [] as Taken[] };
    return { line, analyst: createAnalyst({ config, detector, clock, log: createLogger('silent'), metrics: createMetrics(), inspect: (mask, shown) => Object.assign(line, { mask, backdrop: Uint8Array.from(shown) }) }) };
  });
  const ever = new Map<string, TrueObject>();
  let last = seconds[0] ?? 0;
  for (const [sequence, second] of seconds.entries()) {
    await clock.advance(Math.round((second - last) * 1000));
    last = second;
    const frame = await scene.at(second);
    for (const o of frame.objects) ever.set(`${o.key}@${o.x},${o.y}`, o);
    const rgb = disturb(frame);
    if (rgb === null) continue;
    const everyone = [...ever.values()];
    for (const { line, analyst } of lines) {
      if (line.detector) line.detector.now = frame;
      const sample = await analyst.analyse({ cameraId: 'c1', runId: 'r1', sequence, widthPx, heightPx, rgb, capturedAtMs: null, receivedAtMs: clock.nowMs() }, view, () => true);
      if (sample === 'dropped') throw new Error('dropped');
      const made = sample.picture.status === 'made' ? sample.picture.picture : null;
      const { mask, backdrop } = line;
      line.taken.push({
        second,
        made: made !== null,
        reason: sample.picture.status === 'withheld' ? sample.picture.reason : null,
        maskRatio: sample.maskRatio,
        heldRatio: made?.receipt.heldRatio ?? 0,
        exposed: made === null ? 0 : exposedPixels(frame.objects, mask.blocks, config.blockPx),
        inPicture: made === null ? 0 : blocksThatShow(await sharp(made.jpeg).raw().toBuffer(), everyone, scene.empty),
        inBackdrop: made === null ? 0 : blocksThatShow(withoutFlat(backdrop, mask.flat), everyone, scene.empty),
      });
    }
  }
  return lines.map(({ line }) => line.taken);
}

/** The backdrop as far as it may be shown: what is painted flat is grey. */
function withoutFlat(backdrop: Uint8Array, flat: Uint8Array): Uint8Array {
  const columns = Math.ceil(widthPx / config.blockPx);
  const rgb = Uint8Array.from(backdrop);
  for (let i = 0; i < widthPx * heightPx; i++) {
    const block = Math.floor(Math.floor(i / widthPx) / config.blockPx) * columns + Math.floor((i % widthPx) / config.blockPx);
    if (flat[block] !== 0) rgb.fill(128, 3 * i, 3 * i + 3);
  }
  return rgb;
}

/** From `from` up to `to`, both included, by `step`. */
export function every(step: number, from: number, to: number): number[] {
  const seconds: number[] = [];
  for (let s = from; s <= to + 1e-9; s += step) seconds.push(s);
  return seconds;
}

/** The first samples that showed somebody, in words; empty is the promise. */
export function shown(taken: readonly Taken[]): string[] {
  return taken.filter((t) => t.exposed > 0 || t.inPicture > 0 || t.inBackdrop > 0).map((t) => `${t.second} s: ${t.exposed} px, ${t.inPicture} blocks in the picture, ${t.inBackdrop} in the backdrop`).slice(0, 4);
}

export function between(taken: readonly Taken[], from: number, to: number): Taken[] {
  return taken.filter((t) => t.second >= from && t.second <= to);
}
