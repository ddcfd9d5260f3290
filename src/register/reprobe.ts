/**
 * Looks again at cameras that are not onboarded yet: those whose first job was lost or that were off at the time. A
 * refused log-in is left alone until somebody changes the credentials or asks: devices lock accounts. Rotations of
 * credentials whose job was lost are queued again, too.
 */
import { and, asc, eq, isNull } from 'drizzle-orm';
import type { Config } from '../config/schema.js';
import type { Database } from '../contract/database.js';
import type { Queue } from '../contract/jobs.js';
import type { Clock } from '../core/clock.js';
import { isAbort, messageOf } from '../core/errors.js';
import { cameras } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { queueOnboarding } from './cameras.js';
import { queueOpenRotations } from './credential-rotation.js';

export interface Reprobe {
  /** Queues what is due, once. @returns how many */
  sweep(): Promise<number>;
  /** Sweeps every `probeEveryMs` until the signal. Resolves then. */
  run(signal: AbortSignal): Promise<void>;
}

export function createReprobe({ config, database, queue, clock, log }: {
  config: Pick<Config['register'], 'probeEveryMs'>;
  database: Database;
  queue: Queue;
  clock: Clock;
  log: Logger;
}): Reprobe {
  async function sweep(): Promise<number> {
    const rows = await database.orm
      .select({ id: cameras.id, onboarding: cameras.onboarding, updatedAt: cameras.updatedAt })
      .from(cameras)
      .where(and(isNull(cameras.removedAt), isNull(cameras.onboardedAt), eq(cameras.enabled, true)))
      .orderBy(asc(cameras.updatedAt));
    const before = clock.nowMs() - config.probeEveryMs / 2;
    const due = rows.filter(({ onboarding, updatedAt }) => updatedAt.getTime() <= before && !onboarding.some((r) => r.name === 'auth' && r.status === 'fail'));
    await queueOnboarding({ queue, log }, due.map((r) => r.id));
    await queueOpenRotations({ database, queue, log });
    return due.length;
  }

  return {
    sweep,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await clock.sleep(config.probeEveryMs, signal);
          await sweep();
        } catch (thrown) {
          if (isAbort(thrown) || signal.aborted) return;
          log.warn({ error: messageOf(thrown) }, 'cameras that wait could not be looked at');
        }
      }
    },
  };
}
