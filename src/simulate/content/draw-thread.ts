/** Body of the thread that draws the scenes, and the messages that it sends. It ends when everything is drawn. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Gop } from './clip.js';
import { drawLoops, type DrawOptions } from './draw-loops.js';
import { messageOf } from '../../core/errors.js';

export type DrawMessage =
  | { readonly kind: 'gop'; readonly scene: number; readonly gopIndex: number; readonly gop: Gop }
  | { readonly kind: 'failed'; readonly detail: string };

if (!isMainThread && parentPort) {
  const port = parentPort;
  const send = (message: DrawMessage): void => port.postMessage(message);
  drawLoops(workerData as DrawOptions, (scene, gopIndex, gop) => send({ kind: 'gop', scene, gopIndex, gop }), () => Promise.resolve(), new AbortController().signal).catch(
    (thrown: unknown) => send({ kind: 'failed', detail: messageOf(thrown) }),
  );
}
