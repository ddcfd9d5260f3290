/**
 * The drawn scenes as clips that fill while they are drawn. The drawing is done by a thread of its own; where the sources
 * run uncompiled (tests) there is none, and it is done here, a picture at a time.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { deferred } from '../deferred.js';
import { createScene } from '../scene/places/index.js';
import { gopPictures, sceneFps } from '../scene/scene.js';
import { ticksPerSecond, type Clip, type Gop } from './clip.js';
import { drawLoops, loopGops, type DrawOptions } from './draw-loops.js';
import type { DrawMessage } from './draw-thread.js';

export interface DrawnClips {
  /** in the order of `scenes` */
  readonly clips: readonly Clip[];
  /** Resolves when every loop is whole; rejects when drawing failed. */
  readonly complete: Promise<void>;
  close(): Promise<void>;
}

export function startDrawing(options: DrawOptions & { clock: Clock }): DrawnClips {
  const gopTicks = (gopPictures * ticksPerSecond) / sceneFps;
  const timing = { gopStartTicks: Array.from({ length: loopGops }, (_, i) => i * gopTicks), durationTicks: loopGops * gopTicks, fps: sceneFps };
  const lines = new Map(
    options.scenes.map((scene) => {
      const gops: (Gop | undefined)[] = [];
      const ready = deferred<void>();
      const { view } = createScene(scene, options.seed);
      const clip: Clip = {
        timing,
        widthPx: view.widthPx,
        heightPx: view.heightPx,
        gop: (index) => gops[index],
        prepare: () => undefined,
        ready: ready.promise,
        close: () => Promise.resolve(),
      };
      return [scene, { gops, ready, clip }] as const;
    }),
  );
  const complete = deferred<void>();
  let missing = lines.size * loopGops;
  const take = (scene: number, gopIndex: number, gop: Gop): void => {
    const line = lines.get(scene);
    if (!line) return;
    line.gops[gopIndex] = gop;
    if (gopIndex === 0) line.ready.resolve();
    if (--missing === 0) complete.resolve();
  };
  const fail = (detail: string): void => {
    const error = new HedgerowError('process.defect', `The village could not be drawn: ${detail}`);
    complete.reject(error);
    for (const line of lines.values()) line.ready.reject(error);
  };
  if (missing === 0) {
    complete.resolve();
    return { clips: [], complete: complete.promise, close: () => Promise.resolve() };
  }
  const data: DrawOptions = { seed: options.seed, watermark: options.watermark ?? false, scenes: options.scenes };
  const stop = import.meta.url.endsWith('.ts') ? drawHere(data, options.clock, take, fail) : drawInThread(data, take, fail);
  return {
    clips: options.scenes.flatMap((scene) => lines.get(scene)?.clip ?? []),
    complete: complete.promise,
    async close() {
      fail('the village was closed');
      await stop();
    },
  };
}

type Take = (scene: number, gopIndex: number, gop: Gop) => void;

function drawInThread(data: DrawOptions, take: Take, fail: (detail: string) => void): () => Promise<void> {
  const worker = new Worker(new URL('./draw-thread.js', import.meta.url), { workerData: data });
  worker.unref();
  worker.on('message', (message: DrawMessage) => {
    if (message.kind === 'gop') take(message.scene, message.gopIndex, message.gop);
    else fail(message.detail);
  });
  worker.on('error', (error) => fail(messageOf(error)));
  return async () => void (await worker.terminate());
}

function drawHere(data: DrawOptions, clock: Clock, take: Take, fail: (detail: string) => void): () => Promise<void> {
  const stopping = new AbortController();
  const done = drawLoops(data, take, () => clock.sleep(0), stopping.signal).catch((thrown: unknown) => fail(messageOf(thrown)));
  return () => {
    stopping.abort();
    return done;
  };
}
