/**
 * Pull-point subscriptions of one camera (ONVIF Core, 9.1). Few slots, a bounded queue each, an end in time; a slot that
 * nobody pulls or renews is free again after its end.
 */
import type { Clock } from '../../core/clock.js';

export interface CameraEvent {
  readonly topic: string;
  readonly operation: 'Initialized' | 'Changed' | 'Deleted';
  readonly atMs: number;
  readonly source: readonly (readonly [name: string, value: string])[];
  readonly data: readonly (readonly [name: string, value: string])[];
}

export interface PullPoint {
  readonly id: number;
  /** by the camera's clock, epoch milliseconds */
  terminationMs(): number;
  renew(lifeMs: number): void;
  /** Waits until there is an event, for at most `timeoutMs`. The end of the subscription or the signal ends it empty. */
  pull(timeoutMs: number, limit: number, signal: AbortSignal): Promise<readonly CameraEvent[]>;
  push(event: CameraEvent): void;
}

export interface PullPoints {
  /** @returns undefined when every slot is taken */
  create(lifeMs: number, initial: readonly CameraEvent[]): PullPoint | undefined;
  find(id: number): PullPoint | undefined;
  remove(id: number): void;
  publish(event: CameraEvent): void;
  count(): number;
  close(): void;
}

const maxQueued = 100;

export function createPullPoints(options: { clock: Clock; cameraNowMs: () => number; slots?: number }): PullPoints {
  const { clock, cameraNowMs, slots = 8 } = options;
  const points = new Map<number, { point: PullPoint; end: () => void }>();
  let nextId = 1;

  const open = (lifeMs: number, initial: readonly CameraEvent[]): PullPoint => {
    const id = nextId++;
    const queue = [...initial];
    let wake: (() => void) | undefined;
    let ended = false;
    let endsAtMs = 0;
    let cancelEnd = (): void => undefined;
    const end = (): void => {
      ended = true;
      cancelEnd();
      points.delete(id);
      wake?.();
    };
    const point: PullPoint = {
      id,
      terminationMs: () => cameraNowMs() + Math.max(0, endsAtMs - clock.monotonicMs()),
      renew(life) {
        cancelEnd();
        endsAtMs = clock.monotonicMs() + life;
        cancelEnd = clock.after(life, end);
      },
      async pull(timeoutMs, limit, signal) {
        // A second pull ends the one that waits, as devices do.
        wake?.();
        if (queue.length === 0 && !ended && !signal.aborted) {
          await new Promise<void>((resolve) => {
            const done = (): void => {
              cancel();
              signal.removeEventListener('abort', done);
              if (wake === done) wake = undefined;
              resolve();
            };
            const cancel = clock.after(timeoutMs, done);
            signal.addEventListener('abort', done, { once: true });
            wake = done;
          });
        }
        return queue.splice(0, limit);
      },
      push(event) {
        if (queue.length >= maxQueued) queue.shift();
        queue.push(event);
        wake?.();
      },
    };
    points.set(id, { point, end });
    point.renew(lifeMs);
    return point;
  };

  return {
    create: (lifeMs, initial) => (points.size >= slots ? undefined : open(lifeMs, initial)),
    find: (id) => points.get(id)?.point,
    remove: (id) => points.get(id)?.end(),
    publish(event) {
      for (const { point } of points.values()) point.push(event);
    },
    count: () => points.size,
    close() {
      for (const { end } of [...points.values()]) end();
    },
  };
}
