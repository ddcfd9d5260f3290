/**
 * Live masked views over HTTP. A view begins with its entry in the ledger (without it there is none) and ends with another
 * that says from when to when. Who looks is asked again every five seconds, and so is the camera: a session that ended, a role or
 * a site that was taken away, or a camera that was removed ends the view; while that cannot be asked nothing is shown.
 *
 * A part is made only when the client has taken the one before, so a slow client skips pictures and at most one part waits.
 */
import { Readable } from 'node:stream';
import type { Ledger } from '../contract/auth-ports.js';
import type { Camera } from '../contract/camera.js';
import type { LiveMessage, LiveViews } from '../contract/live-view.js';
import { actorOf, inScope, scopeOf, type Role } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Identify } from './authenticate.js';
import { livePartsOf, type LiveForm } from './live-parts.js';
import { createStanding, type Listener } from './standing.js';

/** Auditors look at stored evidence, never live. */
export const liveRoles: readonly Role[] = ['admin', 'technician', 'operator'];

const askEveryMs = 5_000;
/** and without an answer for so long nothing is shown: a question may hang */
const answeredWithinMs = 15_000;
/** who looks could not be asked for so long: the view ends */
const unaskedMs = 60_000;
const aliveEveryMs = 10_000;
/** a client that takes nothing for so long is gone */
const deadAfterMs = 30_000;
/** the last part is given so long to get out */
const partingMs = 1_000;
/** A wall of cameras; a browser opens six connections to a host over HTTP/1.1, a proxy with HTTP/2 many. */
const maxOfPrincipal = 16;
/** Everybody in a watch centre looks at the camera of the alert; more is no watch centre. */
const maxOfCamera = 50;
/** 200 clients at 1 picture/s of 60 kB: 12 MB/s out of one process */
const maxOfProcess = 200;
const endTriesMs = [0, 1_000, 5_000, 20_000];

export interface LiveStreams {
  /** Resolves when the view is in the ledger. Throws `request.rate` when too many are open, and what the ledger throws. */
  open(who: Listener, camera: Camera, form: LiveForm): Promise<{ contentType: string; stream: Readable }>;
  /** Ends all of them; resolves when that is in the ledger. */
  close(): Promise<void>;
}

interface View {
  readonly principalId: string;
  readonly cameraId: string;
  end(why: string): void;
  /** resolves when its stream is closed */
  readonly gone: Promise<void>;
}

export function createLiveStreams(deps: { live: LiveViews; registry: Pick<Registry, 'camera'>; identify: Identify; ledger: Ledger; clock: Clock; log: Logger; metrics: Metrics }): LiveStreams {
  const { live, registry, identify, ledger, clock, log, metrics } = deps;
  const views = new Set<View>();
  const endings = new Set<Promise<void>>();
  const closing = new AbortController();

  function take(view: View): void {
    const count = (of: (v: View) => boolean): number => [...views].filter(of).length;
    if (views.size >= maxOfProcess || count((v) => v.principalId === view.principalId) >= maxOfPrincipal || count((v) => v.cameraId === view.cameraId) >= maxOfCamera) {
      throw new HedgerowError('request.rate', 'Too many live views are open.', { context: { retryAfterMs: 10_000 } });
    }
    views.add(view);
    metrics.liveViewers.set(views.size);
  }

  function leave(view: View): void {
    views.delete(view);
    metrics.liveViewers.set(views.size);
  }

  /** The entry of an end is tried again for half a minute; the begin stands in the ledger in any case. */
  function writeEnd(entry: Parameters<Ledger['append']>[0]): void {
    const write = async (): Promise<void> => {
      let last: unknown;
      for (const waitMs of endTriesMs) {
        if (waitMs > 0) await clock.sleep(waitMs, closing.signal).catch(() => undefined);
        try {
          await ledger.append(entry);
          return;
        } catch (thrown) {
          last = thrown;
        }
      }
      log.error({ cameraId: entry.objectId, ...entry.details, error: messageOf(last) }, 'the end of a live view is not in the ledger');
    };
    const ending = write().finally(() => endings.delete(ending));
    endings.add(ending);
  }

  async function open(who: Listener, camera: Camera, form: LiveForm): Promise<{ contentType: string; stream: Readable }> {
    if (closing.signal.aborted) throw new HedgerowError('process.aborted', 'Hedgerow is stopping.');
    const viewId = newId();
    const parts = livePartsOf(form, `hedgerow${viewId.replaceAll('-', '')}`);
    const over = new AbortController();
    let why = 'left';
    let wentAway = (): void => undefined;
    const view: View = {
      gone: new Promise((resolve) => (wentAway = resolve)),
      principalId: who.principal.id,
      cameraId: camera.id,
      end(because) {
        if (over.signal.aborted) return;
        why = because;
        over.abort();
      },
    };
    const entry = { actor: actorOf(who.principal), objectType: 'camera', objectId: camera.id, outcome: 'ok' } as const;
    const beganAt = toRfc3339(clock.nowMs());
    take(view);
    try {
      await ledger.append({ ...entry, action: 'live-view.begin', details: { viewId, siteId: camera.siteId } });
    } catch (thrown) {
      leave(view);
      wentAway();
      throw thrown;
    }

    let sent = 0;
    let shown = true;
    let askedAtMs = clock.monotonicMs();
    let demand = (): void => undefined;
    let cancelDead = (): void => undefined;
    let cancelParting = (): void => undefined;
    /** wakes the sender for something that is no message of the camera */
    let nudge = (): void => undefined;
    const standing = createStanding(identify, who, (now) => inScope(scopeOf(now, liveRoles), camera.siteId));
    const messages = live.watch(
      camera.id,
      { quietAfterMs: Math.max(5_000, 2.5 * camera.sampleIntervalMs + 1_000), onSkipped: () => metrics.livePictures.inc({ outcome: 'skipped' }) },
      over.signal,
    );

    async function ask(): Promise<void> {
      try {
        if (!(await standing.ask())) return view.end('not allowed any more');
        if ((await registry.camera(camera.id)).siteId !== camera.siteId) return view.end('camera moved to another site');
        askedAtMs = clock.monotonicMs();
        shown = true;
      } catch (thrown) {
        if (thrown instanceof HedgerowError && thrown.code === 'camera.unknown') return view.end('camera removed');
        shown = false;
        if (clock.monotonicMs() - askedAtMs >= unaskedMs) view.end('could not be asked who looks');
      }
    }

    async function asking(): Promise<void> {
      while (!over.signal.aborted) {
        await clock.sleep(askEveryMs, over.signal);
        const before = shown;
        await ask();
        if (before && !shown) nudge();
      }
    }

    function permitted(message: LiveMessage): LiveMessage {
      const sure = shown && clock.monotonicMs() - askedAtMs < answeredWithinMs;
      return message.kind === 'picture' && !sure ? { kind: 'withheld', reason: 'not-checked' } : message;
    }

    async function* send(): AsyncGenerator<Buffer> {
      yield parts.opening;
      let next: Promise<IteratorResult<LiveMessage>> | undefined;
      while (!over.signal.aborted) {
        next ??= messages.next();
        const waiting = new AbortController();
        const alive = clock.sleep(aliveEveryMs, waiting.signal).then(() => 'alive' as const, () => 'alive' as const);
        const nudged = new Promise<'nudged'>((resolve) => (nudge = () => resolve('nudged')));
        const result = await Promise.race([next, alive, nudged]);
        waiting.abort();
        if (over.signal.aborted) break;
        if (result === 'nudged') yield parts.part({ kind: 'withheld', reason: 'not-checked' });
        else if (result === 'alive') {
          if (parts.alive) yield parts.alive;
        } else {
          next = undefined;
          if (result.done === true) break;
          const message = permitted(result.value);
          if (message.kind === 'picture') {
            sent++;
            metrics.livePictures.inc({ outcome: 'sent' });
          }
          yield parts.part(message);
        }
      }
      yield parts.closing('ended');
    }

    const source = send();
    const stream = new Readable({
      // No part is made ahead: what the client has not asked for is not old when it goes out.
      highWaterMark: 0,
      read: () => demand(),
      destroy(thrown, done) {
        cancelDead();
        over.abort();
        done(thrown);
      },
    });
    let busy = false;
    demand = () => {
      cancelDead();
      if (busy) return;
      busy = true;
      const made = source.next().then(({ done, value }) => {
        busy = false;
        if (stream.destroyed) return;
        cancelDead = clock.after(deadAfterMs, () => {
          why = 'client took nothing';
          stream.destroy();
        });
        stream.push(done === true ? null : value);
      });
      made.catch((thrown: unknown) => stream.destroy(thrown as Error));
    };
    over.signal.addEventListener('abort', () => {
      // A client that takes nothing must not hold up an end.
      if (!stream.destroyed) cancelParting = clock.after(partingMs, () => stream.destroy());
    }, { once: true });
    stream.on('error', (thrown) => log.warn({ cameraId: camera.id, error: messageOf(thrown) }, 'a live view was ended by an error'));
    stream.once('close', () => {
      cancelDead();
      over.abort();
      cancelParting();
      leave(view);
      writeEnd({ ...entry, action: 'live-view.end', details: { viewId, siteId: camera.siteId, from: beganAt, to: toRfc3339(clock.nowMs()), pictures: sent, why } });
      wentAway();
    });
    asking().catch(() => undefined);
    if (closing.signal.aborted) view.end('stopping');
    return { contentType: parts.contentType, stream };
  }

  return {
    open,
    async close() {
      closing.abort();
      for (const view of [...views]) view.end('stopping');
      await Promise.all([...views].map((view) => view.gone));
      await Promise.all(endings);
    },
  };
}
