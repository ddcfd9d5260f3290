/**
 * The happenings that go on now, per camera and zone or contact, and their way into the database. A happening is opened
 * once, prolonged while it lasts, and over when it was quiet. Writes of one happening come one after the other.
 */
import type { Alert } from '../contract/alert.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Logger } from '../telemetry/logger.js';
import type { AlertRow } from './alert-row.js';
import type { AlertWriter } from './alert-writer.js';
import { keyOf, overAtMs, prolong, takePicture, type AlertFacts, type Happening } from './happening.js';
import type { PendingWrites } from './pending-writes.js';
import type { ClassCounts } from '../contract/detection.js';

/** Others are told of a change of a happening at most so often. */
const announceEveryMs = 3_000;
/** How long after its quiet time a happening is ended by the clock alone: a sample may still be on its way. */
const lateSampleMs = 2_000;
/** `lastSeenAt` is written at least so often while a happening goes on. */
const saveEveryMs = 5_000;
/** Time without a worker is not quiet: an open alert that is found after a restart goes on for so much longer. */
const unwatchedGraceMs = 15_000;

export interface OpenHappenings {
  get(cameraId: string, key: string): Happening | undefined;
  of(cameraId: string): readonly Happening[];
  /** Raises. @returns the alert when it is in the database already */
  open(facts: AlertFacts, start: { atMs: number; quietMs: number; counts: ClassCounts; pictureId: string | null; noPictureReason: string | null; heldUntilMs?: number }): Promise<Alert | undefined>;
  /** @returns the alert when others were told of a change */
  prolong(happening: Happening, sign: { atMs: number; counts?: ClassCounts; pictureId?: string | null }): Promise<Alert | undefined>;
  /** Gives a picture to a happening that has none, without prolonging it. */
  picture(happening: Happening, pictureId: string): Promise<Alert | undefined>;
  end(happening: Happening): Promise<void>;
  /** Brings memory and the open alerts of the database together. @param readAtMs monotonic time before they were read */
  adopt(cameraIds: readonly string[], rows: readonly AlertRow[], readAtMs: number, quietMsOf: (row: AlertRow) => number): Promise<void>;
  /** Writes what is not written yet and lets go of the timers. The happenings stay open for the next worker. */
  close(): Promise<void>;
}

export function createOpenHappenings(deps: {
  writer: AlertWriter;
  pending: PendingWrites;
  clock: Clock;
  log: Logger;
  onRaised: (alert: Alert, deliveries: number) => void;
}): OpenHappenings {
  const { writer, pending, clock, log } = deps;
  const cameras = new Map<string, Map<string, Happening>>();
  const writes = new WeakMap<Happening, Promise<unknown>>();
  const writtenAtMs = new WeakMap<Happening, number>();
  const inWork = new Set<Promise<unknown>>();

  /** One write of a happening after the other. */
  function inOrder<T>(happening: Happening, write: () => Promise<T>): Promise<T> {
    const turn = (writes.get(happening) ?? Promise.resolve()).then(write);
    const settled = turn.catch(() => undefined);
    writes.set(happening, settled);
    inWork.add(settled);
    void settled.then(() => inWork.delete(settled));
    return turn;
  }

  function put(happening: Happening): void {
    const { cameraId } = happening.facts;
    const open = cameras.get(cameraId) ?? new Map<string, Happening>();
    cameras.set(cameraId, open.set(keyOf(happening.facts), happening));
    arm(happening);
  }

  function drop(happening: Happening): void {
    happening.cancelTimer?.();
    happening.cancelTimer = undefined;
    happening.phase = happening.phase === 'raising' ? 'raising' : 'over';
    const open = cameras.get(happening.facts.cameraId);
    if (open?.get(keyOf(happening.facts)) === happening) open.delete(keyOf(happening.facts));
    if (open?.size === 0) cameras.delete(happening.facts.cameraId);
  }

  /** Sets the timer for what is due next: telling others, prolonging a held contact, or the end. */
  function arm(happening: Happening): void {
    happening.cancelTimer?.();
    const now = clock.nowMs();
    const endMs = now < happening.heldUntilMs ? now + saveEveryMs : overAtMs(happening) + lateSampleMs;
    const tellMs = happening.changed ? happening.announcedMs + announceEveryMs : Infinity;
    happening.cancelTimer = clock.after(Math.max(10, Math.min(endMs, tellMs) - now), () => {
      happening.cancelTimer = undefined;
      void tick(happening);
    });
  }

  async function tick(happening: Happening): Promise<void> {
    const now = clock.nowMs();
    if (now < happening.heldUntilMs) happening.lastSeenMs = Math.max(happening.lastSeenMs, now);
    if (now >= overAtMs(happening) + lateSampleMs) return end(happening);
    await save(happening);
    if (stillOpen(happening)) arm(happening);
  }

  function stillOpen(happening: Happening): boolean {
    return cameras.get(happening.facts.cameraId)?.get(keyOf(happening.facts)) === happening;
  }

  /** Writes a happening when it is time to. A database that is away is asked again at the next sign or tick. */
  async function save(happening: Happening): Promise<Alert | undefined> {
    const now = clock.nowMs();
    const announce = happening.changed && now >= happening.announcedMs + announceEveryMs;
    const unsavedMs = happening.lastSeenMs - happening.savedSeenMs;
    if (happening.phase !== 'raised' || (!announce && unsavedMs < Math.min(saveEveryMs, happening.quietMs / 2))) return undefined;
    const { announcedMs, savedSeenMs, changed, lastSeenMs } = happening;
    if (announce) Object.assign(happening, { announcedMs: now, changed: false });
    happening.savedSeenMs = lastSeenMs;
    try {
      return await inOrder(happening, () => writer.update(happening, announce));
    } catch (thrown) {
      happening.changed ||= changed;
      if (announce) happening.announcedMs = Math.max(announcedMs, now - announceEveryMs + 1_000);
      happening.savedSeenMs = savedSeenMs;
      log.warn({ alertId: happening.alertId, error: messageOf(thrown) }, 'an alert could not be brought up to date; it is tried again');
      return undefined;
    }
  }

  async function end(happening: Happening): Promise<void> {
    drop(happening);
    if (happening.phase === 'raising') return;
    await submitEnd(happening);
  }

  async function submitEnd(happening: Happening): Promise<void> {
    await pending.submit('end', () => inOrder(happening, () => writer.end(happening)));
  }

  async function write(happening: Happening): Promise<Alert | undefined> {
    let alert: Alert | undefined;
    const outcome = await pending.submit('raise', async () => {
      const raised = await inOrder(happening, () => writer.raise(happening));
      const open = stillOpen(happening);
      happening.phase = open ? 'raised' : 'over';
      writtenAtMs.set(happening, clock.monotonicMs());
      if (raised.status === 'raised') {
        alert = raised.alert;
        deps.onRaised(raised.alert, raised.deliveries);
      } else {
        happening.alertId = raised.row.id;
        happening.changed = true;
      }
      if (!open) await writer.end(happening);
      else if (raised.status === 'adopted') arm(happening);
    });
    if (outcome === 'full') drop(happening); // what goes on is tried again with its next sign
    return alert;
  }

  return {
    get: (cameraId, key) => cameras.get(cameraId)?.get(key),
    of: (cameraId) => [...(cameras.get(cameraId)?.values() ?? [])],
    open(facts, start) {
      const happening: Happening = {
        alertId: newId(),
        facts,
        raisedAtMs: start.atMs,
        quietMs: start.quietMs,
        lastSeenMs: start.atMs,
        counts: start.counts,
        pictureId: start.pictureId,
        noPictureReason: start.noPictureReason,
        phase: 'raising',
        savedSeenMs: start.atMs,
        announcedMs: clock.nowMs(),
        changed: false,
        heldUntilMs: start.heldUntilMs ?? 0,
        graceMs: 0,
        cancelTimer: undefined,
      };
      put(happening);
      return write(happening);
    },
    async prolong(happening, sign) {
      const changed = prolong(happening, sign);
      happening.changed ||= changed;
      // A first picture is worth telling at once.
      if (changed && sign.pictureId && happening.pictureId === sign.pictureId) happening.announcedMs = -Infinity;
      const alert = await save(happening);
      if (stillOpen(happening)) arm(happening);
      return alert;
    },
    async picture(happening, pictureId) {
      if (!takePicture(happening, pictureId)) return undefined;
      happening.announcedMs = -Infinity;
      const alert = await save(happening);
      if (stillOpen(happening)) arm(happening);
      return alert;
    },
    end,
    async adopt(cameraIds, rows, readAtMs, quietMsOf) {
      const seen = new Set<Happening>();
      const stale: Happening[] = [];
      for (const row of rows) {
        const found = cameras.get(row.cameraId)?.get(keyOf(row));
        if (found && (found.phase === 'raising' || found.alertId === row.id)) {
          found.lastSeenMs = found.phase === 'raising' ? found.lastSeenMs : Math.max(found.lastSeenMs, row.lastSeenAt.getTime());
          seen.add(found);
          continue;
        }
        const happening = happeningOf(row, quietMsOf(row), clock.nowMs());
        if (clock.nowMs() < overAtMs(happening)) {
          seen.add(happening);
          put(happening);
        } else stale.push(happening);
      }
      // What we wrote before the read, and the read does not know as open, was ended by somebody else.
      for (const cameraId of cameraIds) {
        for (const happening of [...(cameras.get(cameraId)?.values() ?? [])]) {
          if (happening.phase === 'raised' && !seen.has(happening) && (writtenAtMs.get(happening) ?? 0) < readAtMs) drop(happening);
        }
      }
      for (const happening of stale) await submitEnd(happening);
    },
    async close() {
      const open = [...cameras.values()].flatMap((of) => [...of.values()]);
      for (const happening of open) {
        happening.cancelTimer?.();
        happening.cancelTimer = undefined;
      }
      await Promise.all([...inWork]);
      for (const happening of open.filter((h) => h.phase === 'raised' && (h.changed || h.lastSeenMs > h.savedSeenMs))) {
        await inOrder(happening, () => writer.update(happening, happening.changed)).catch((thrown: unknown) => {
          log.warn({ alertId: happening.alertId, error: messageOf(thrown) }, 'an alert could not be brought up to date before the stop');
        });
      }
      cameras.clear();
    },
  };
}

function happeningOf(row: AlertRow, quietMs: number, nowMs: number): Happening {
  return {
    alertId: row.id,
    facts: {
      kind: row.kind,
      siteId: row.siteId,
      cameraId: row.cameraId,
      ruleId: row.ruleId,
      ruleName: row.ruleName,
      zoneId: row.zoneId,
      zoneName: row.zoneName,
      placeName: row.placeName,
      inputName: row.inputName,
    },
    raisedAtMs: row.raisedAt.getTime(),
    quietMs,
    lastSeenMs: row.lastSeenAt.getTime(),
    counts: row.counts,
    pictureId: row.pictureId,
    noPictureReason: row.noPictureReason,
    phase: 'raised',
    savedSeenMs: row.lastSeenAt.getTime(),
    announcedMs: nowMs,
    changed: false,
    heldUntilMs: 0,
    graceMs: unwatchedGraceMs,
    cancelTimer: undefined,
  };
}
