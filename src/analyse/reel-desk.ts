/**
 * The reel desk: takes the sealed pictures of samples as they pass, keeps the last ones of each camera whose reel may be
 * needed, and makes one reel for each alert that this worker raises. Procedure of a reel: 1. the alert is raised: a window
 * opens, from `beforeMs` before it to `afterMs` after it; 2. the pictures of the window are collected, the windows of one camera
 * share them; 3. when its time is over (or the camera leaves, or the process stops: with what is there) it waits its
 * turn, one after the other; 4. it is made, and stored. A crash before the end of 4 loses the reel, and nothing else.
 */
import type { Alert } from '../contract/alert.js';
import type { PictureTaker } from '../contract/picture-taker.js';
import { reelPicturesAtMost, type ReelEncoder, type ReelStore } from '../contract/reel.js';
import type { Clock } from '../core/clock.js';
import { asHedgerowError, messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { makeReel } from './mask/make-reel.js';
import { reelCut } from './reel-cut.js';
import { createReelRing } from './reel-ring.js';

export interface ReelDeskOptions {
  readonly config: { readonly beforeMs: number; readonly afterMs: number; readonly maxPerSecond: number; readonly maxMemoryBytes: number };
  readonly encoder: ReelEncoder;
  readonly store: Pick<ReelStore, 'saveReel'>;
  /** whether an alert of this camera may come: a rule is armed, or an alert goes on */
  readonly armed: (cameraId: string, atMs: number) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'reels' | 'reelPicturesDropped'>;
}

export interface ReelDesk extends PictureTaker {
  /** An alert that this worker has raised, of any kind. Never throws, never waits. */
  raised(alert: Pick<Alert, 'id' | 'cameraId' | 'raisedAt'>): void;
  /** Finishes the open reels with what is there. */
  close(): Promise<void>;
}

interface OpenReel {
  readonly alertId: string;
  readonly cameraId: string;
  readonly raisedAtMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
  /** ended before its time, epoch ms */
  cutAtMs: number | undefined;
  waits: boolean;
  cancelTimer: () => void;
}

/** While a reel is collected and nothing stirs, a picture so often shows that the place is still the same. */
const stillEveryMs = 5_000;
/** A sample of the window's last moment may still be on its way for so long. */
const lateSampleMs = 2_000;
/** Whether a rule is armed is asked anew after so long. */
const armedAnewMs = 5_000;
/** Pauses between the tries to store a reel while the store is away. */
const storeAgainMs = [2_000, 10_000, 30_000, 60_000];
/** What is left to do at the stop must be done in less than a part has for closing. */
const closeWithinMs = 8_000;

export function createReelDesk(options: ReelDeskOptions): ReelDesk {
  const { config, encoder, store, clock, log, metrics } = options;
  const intervalMs = Math.max(1_000 / config.maxPerSecond, (config.beforeMs + config.afterMs) / (reelPicturesAtMost - 10));
  const ring = createReelRing({ intervalMs, maxBytes: config.maxMemoryBytes });
  const reels = new Map<string, OpenReel>();
  const leaving = new Set<string>();
  const armed = new Map<string, { readonly untilMs: number; readonly is: boolean }>();
  /** the first ends pauses between tries, the second ends everything */
  const hurrying = new AbortController();
  const stopping = new AbortController();
  let turn: Promise<void> = Promise.resolve();
  let closing = false;

  const reelsOf = (cameraId: string): OpenReel[] => [...reels.values()].filter((reel) => reel.cameraId === cameraId);
  const collects = (cameraId: string, atMs: number): boolean => reelsOf(cameraId).some((reel) => !reel.waits && atMs <= reel.untilMs);

  function isArmed(cameraId: string, atMs: number): boolean {
    const known = armed.get(cameraId);
    if (known && atMs < known.untilMs && atMs >= known.untilMs - armedAnewMs) return known.is;
    const is = options.armed(cameraId, atMs);
    armed.set(cameraId, { untilMs: atMs + armedAnewMs, is });
    return is;
  }

  function trim(cameraId: string, atMs: number): void {
    ring.trim(cameraId, Math.min(atMs - config.beforeMs, ...reelsOf(cameraId).map((reel) => reel.fromMs)));
  }

  /** Step 3. */
  function finish(reel: OpenReel): void {
    if (reel.waits) return;
    reel.cancelTimer();
    reel.waits = true;
    turn = turn.then(() => make(reel)).then(() => {
      reels.delete(reel.alertId);
      if (leaving.has(reel.cameraId) && reelsOf(reel.cameraId).length === 0) forget(reel.cameraId);
      else trim(reel.cameraId, clock.nowMs());
    });
  }

  function cut(reel: OpenReel): void {
    if (!reel.waits) reel.cutAtMs = Math.min(clock.nowMs(), reel.untilMs);
    finish(reel);
  }

  /** Step 4. Never rejects. */
  async function make(reel: OpenReel): Promise<void> {
    const context = { alertId: reel.alertId, cameraId: reel.cameraId };
    try {
      const { pictures, gaps, untilMs } = reelCut({ ring, cameraId: reel.cameraId, fromMs: reel.fromMs, untilMs: reel.untilMs, cutAtMs: reel.cutAtMs, intervalMs });
      if (pictures.length === 0) {
        metrics.reels.inc({ outcome: 'empty' });
        log.info({ ...context, reasons: [...new Set(gaps.map((gap) => gap.reason))] }, 'no reel: there was no picture around this alert');
        return;
      }
      const made = await makeReel({ encoder, pictures, alert: { id: reel.alertId, raisedAtMs: reel.raisedAtMs }, untilMs, gaps }, stopping.signal);
      const pauses = [...storeAgainMs];
      for (;;) {
        try {
          await store.saveReel(made);
          metrics.reels.inc({ outcome: 'stored' });
          return;
        } catch (thrown) {
          const pauseMs = asHedgerowError(thrown).kind === 'unavailable' && !closing ? pauses.shift() : undefined;
          if (pauseMs === undefined) throw thrown;
          log.warn({ ...context, error: messageOf(thrown) }, 'a reel could not be stored; it is tried again');
          await clock.sleep(pauseMs, hurrying.signal).catch(() => undefined);
        }
      }
    } catch (thrown) {
      metrics.reels.inc({ outcome: 'failed' });
      log.error({ ...context, error: messageOf(thrown) }, 'a reel was lost');
    }
  }

  function forget(cameraId: string): void {
    leaving.delete(cameraId);
    armed.delete(cameraId);
    ring.forget(cameraId);
  }

  return {
    wants(cameraId, stirring, atMs) {
      if (closing || !ring.due(cameraId, atMs)) return false;
      if (collects(cameraId, atMs)) return stirring || atMs - ring.newestMs(cameraId) >= stillEveryMs;
      return stirring && isArmed(cameraId, atMs);
    },
    sampled(sample) {
      const { cameraId, receivedAtMs: atMs, picture } = sample;
      leaving.delete(cameraId);
      if (closing) return;
      if (picture.status === 'made') {
        const dropped = ring.add(cameraId, { atMs, picture: picture.picture });
        if (dropped > 0) metrics.reelPicturesDropped.inc(dropped);
      } else if (picture.status === 'withheld') ring.without(cameraId, atMs, picture.reason);
      else if (ring.due(cameraId, atMs)) ring.without(cameraId, atMs, isArmed(cameraId, atMs) || collects(cameraId, atMs) ? 'quiet' : 'not-armed');
      trim(cameraId, atMs);
    },
    raised(alert) {
      if (closing || reels.has(alert.id)) return;
      const raisedAtMs = Date.parse(alert.raisedAt);
      const untilMs = raisedAtMs + config.afterMs;
      const reel: OpenReel = {
        alertId: alert.id,
        cameraId: alert.cameraId,
        raisedAtMs,
        fromMs: raisedAtMs - config.beforeMs,
        untilMs,
        cutAtMs: undefined,
        waits: false,
        cancelTimer: clock.after(Math.max(0, untilMs + lateSampleMs - clock.nowMs()), () => finish(reel)),
      };
      reels.set(alert.id, reel);
    },
    forget(cameraId) {
      const open = reelsOf(cameraId);
      if (open.length === 0) return forget(cameraId);
      leaving.add(cameraId);
      for (const reel of open) cut(reel);
    },
    async close() {
      closing = true;
      for (const reel of reels.values()) cut(reel);
      hurrying.abort();
      const cancel = clock.after(closeWithinMs, () => stopping.abort());
      await turn;
      cancel();
      stopping.abort();
    },
  };
}
