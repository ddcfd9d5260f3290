/**
 * Turns samples and contacts into alerts: one alert for one happening. Holds the rules of the cameras that this worker
 * runs and the happenings that go on; the database holds every alert, so that another worker, or this one after a restart,
 * goes on where it stopped. Building it listens to nothing; `start` does.
 */
import { and, inArray, isNull } from 'drizzle-orm';
import type { Alert } from '../contract/alert.js';
import type { AlertEngine } from '../contract/alert-ports.js';
import { withheldReasons, type Sample } from '../contract/analysis.js';
import type { Database, EventLog } from '../contract/database.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { alerts } from '../db/schema/index.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createAlertWriter } from './alert-writer.js';
import { createCameraRules, quietMsOf } from './camera-rules.js';
import { loadGuardRules } from './guard-rules.js';
import { keyOf, overAtMs } from './happening.js';
import { createInputContacts, inputQuietMs } from './input-contacts.js';
import { createOpenHappenings } from './open-happenings.js';
import { createPendingWrites } from './pending-writes.js';

export interface AlertEngineDeps {
  readonly database: Database;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** called after a commit that put deliveries into the outbox */
  readonly onOutbox?: () => void;
  /** called after the commit of every alert that this engine raised, of any kind; not for a happening that has an alert already */
  readonly onRaised?: (alert: Alert) => void;
  /** put before the path of an alert's address in deliveries, without a slash at its end */
  readonly baseUrl?: string;
}

/** How many raises and ends are kept in memory while the database is away. */
const pendingLimit = 1_000;
/** A quiet time for alerts whose rule is gone. */
const orphanQuietMs = 30_000;

export function createAlertEngine(deps: AlertEngineDeps): AlertEngine & { start(): Promise<void>; close(): Promise<void> } {
  const { database, events, clock, log, metrics } = deps;
  const writer = createAlertWriter({ database, events, clock, baseUrl: deps.baseUrl ?? '' });
  const pending = createPendingWrites({ limit: pendingLimit, probe: () => database.probe(), clock, log });
  const rules = createCameraRules({ log });
  const happenings = createOpenHappenings({
    writer,
    pending,
    clock,
    log,
    onRaised(alert, deliveries) {
      metrics.alerts.inc();
      log.info({ alertId: alert.id, siteId: alert.siteId, cameraId: alert.cameraId, kind: alert.kind, deliveries }, 'alert raised');
      if (deliveries > 0) deps.onOutbox?.();
      deps.onRaised?.(alert);
    },
  });
  const contacts = createInputContacts({ happenings, writer, log });
  const loading = new Map<string, Promise<void>>();
  let stopListening: (() => Promise<void>) | undefined;

  async function load(cameraIds: readonly string[]): Promise<void> {
    if (cameraIds.length === 0) return;
    const readAtMs = clock.monotonicMs();
    const [found, open] = await Promise.all([
      loadGuardRules(database.orm, cameraIds),
      database.orm.select().from(alerts).where(and(inArray(alerts.cameraId, [...cameraIds]), isNull(alerts.endedAt))).orderBy(alerts.id),
    ]);
    for (const cameraId of cameraIds) rules.set(cameraId, found.filter((r) => r.cameraId === cameraId));
    await happenings.adopt(cameraIds, open, readAtMs, (row) => {
      const rule = rules.rule(row.cameraId, row.ruleId);
      if (row.kind === 'input') return inputQuietMs;
      return rule ? quietMsOf(rule) : orphanQuietMs;
    });
  }

  /** Loads a camera once, however many ask at the same time. */
  function know(cameraId: string): Promise<void> {
    const going = loading.get(cameraId) ?? load([cameraId]).finally(() => loading.delete(cameraId));
    loading.set(cameraId, going);
    return going;
  }

  function onCameraChanged(cameraId: string): void {
    if (cameraId !== '' && !rules.knows(cameraId)) return;
    engine.refresh(cameraId === '' ? undefined : cameraId).catch((thrown: unknown) => {
      log.warn({ cameraId, error: messageOf(thrown) }, 'rules could not be read anew');
    });
  }

  const engine: AlertEngine = {
    wouldRaise(cameraId, hits, atMs) {
      const waiting = happenings.of(cameraId).some((h) => h.facts.kind === 'input' && h.pictureId === null && atMs < h.raisedAtMs + 60_000);
      if (waiting) return true;
      // Rules of a camera that is new here are read with its first sample: better one picture too many.
      if (hits.length > 0 && !rules.knows(cameraId)) return true;
      return rules.judge(cameraId, hits, atMs).some((sign) => {
        const open = happenings.get(cameraId, keyOf({ kind: 'guard-zone', zoneId: sign.zoneId, inputName: null }));
        if (open && atMs < overAtMs(open)) return open.pictureId === null;
        return sign.due !== undefined;
      });
    },

    reelWanted: (cameraId, atMs) => rules.armed(cameraId, atMs) || happenings.of(cameraId).length > 0,

    async observe(sample, pictureId) {
      const { cameraId, receivedAtMs: atMs } = sample;
      if (!rules.knows(cameraId)) await know(cameraId);
      const signs = rules.see(cameraId, sample.hits, atMs);
      const writes: Promise<Alert | undefined>[] = [];
      const ends: Promise<void>[] = [];
      for (const open of happenings.of(cameraId)) if (atMs >= overAtMs(open)) ends.push(happenings.end(open));
      for (const { zoneId, counts, due } of signs) {
        const open = happenings.get(cameraId, keyOf({ kind: 'guard-zone', zoneId, inputName: null }));
        if (open) writes.push(happenings.prolong(open, { atMs, counts, pictureId }));
        else if (due) {
          const { siteId, id: ruleId, name: ruleName, zoneName, placeName } = due;
          writes.push(
            happenings.open(
              { kind: 'guard-zone', siteId, cameraId, ruleId, ruleName, zoneId, zoneName, placeName, inputName: null },
              { atMs, quietMs: quietMsOf(due), counts, pictureId, noPictureReason: pictureId === null ? noPictureReason(sample) : null },
            ),
          );
        }
      }
      if (pictureId !== null) {
        for (const open of happenings.of(cameraId)) if (open.pictureId === null) writes.push(happenings.picture(open, pictureId));
      }
      const [told] = await Promise.all([Promise.all(writes), Promise.all(ends)]);
      return told.filter((alert) => alert !== undefined);
    },

    async input(event) {
      if (!rules.knows(event.cameraId)) {
        await know(event.cameraId).catch((thrown: unknown) => {
          // A press counts whether or not the database answers.
          log.warn({ cameraId: event.cameraId, error: messageOf(thrown) }, 'the open alerts of a camera could not be read');
        });
      }
      await contacts.changed(event);
    },

    async refresh(cameraId) {
      await load(cameraId === undefined ? rules.known() : [cameraId]);
    },
  };

  return {
    ...engine,
    async start() {
      stopListening ??= await database.listen('hg_camera', onCameraChanged);
    },
    async close() {
      await stopListening?.();
      stopListening = undefined;
      await Promise.allSettled([...loading.values()]);
      await happenings.close();
      await pending.close();
    },
  };
}

/** Why the alert of this sample has no picture, in words. */
function noPictureReason(sample: Sample): string {
  switch (sample.picture.status) {
    case 'withheld':
      return withheldReasons[sample.picture.reason];
    case 'made':
      return 'The picture could not be stored.';
    case 'not-due':
      return 'No picture of this moment was made.';
    default:
      return sample.picture satisfies never;
  }
}
