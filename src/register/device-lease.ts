/**
 * One climb at a time on a device, over all processes: a row with an end, by the database's own clock. The holder moves the
 * end on while it works; one that died is followed after `lifeMs`.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { deviceLeases } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';

export interface DeviceLeases {
  /**
   * Waits until the device is free, holds it, and gives it back.
   * @param device as `deviceKey` names it
   * @param work its signal also aborts when the hold was lost (a database that was away for too long)
   * @throws HedgerowError `process.aborted`
   */
  hold<T>(device: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createDeviceLeases({ database, clock, log, lifeMs = 30_000, askAgainMs = 300 }: { database: Database; clock: Clock; log: Logger; lifeMs?: number; askAgainMs?: number }): DeviceLeases {
  const end = sql`now() + ${lifeMs} * interval '1 millisecond'`;

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(ms, signal);
    } catch (cause) {
      throw new HedgerowError('process.aborted', 'Stopped before it was this camera’s turn.', { cause });
    }
  }

  async function take(device: string, holder: string): Promise<boolean> {
    const rows = await database.orm
      .insert(deviceLeases)
      .values({ host: device, holder, until: end })
      .onConflictDoUpdate({ target: deviceLeases.host, set: { holder, until: end }, setWhere: sql`${deviceLeases.until} <= now()` })
      .returning({ holder: deviceLeases.holder });
    return rows.length > 0;
  }

  return {
    async hold(device, signal, work) {
      const holder = newId();
      const mine = and(eq(deviceLeases.host, device), eq(deviceLeases.holder, holder));
      while (!(await take(device, holder))) await pause(askAgainMs, signal);
      const lost = new AbortController();
      let cancel = (): void => undefined;
      let over = false;
      const renew = (): void => {
        if (over) return;
        cancel = clock.after(lifeMs / 3, () => {
          void database.orm
            .update(deviceLeases)
            .set({ until: end })
            .where(mine)
            .returning({ host: deviceLeases.host })
            .then(
              (rows) => (rows.length > 0 ? renew() : lost.abort(new HedgerowError('process.aborted', 'Another process took this device over.'))),
              (thrown: unknown) => {
                log.warn({ device, error: messageOf(thrown) }, 'the hold of a device could not be renewed');
                renew();
              },
            );
        });
      };
      renew();
      try {
        if (signal.aborted) throw new HedgerowError('process.aborted', 'Stopped before it was this camera’s turn.');
        return await work(AbortSignal.any([signal, lost.signal]));
      } finally {
        over = true;
        cancel();
        await database.orm.delete(deviceLeases).where(mine).catch((thrown: unknown) => log.warn({ device, error: messageOf(thrown) }, 'the hold of a device ends by itself'));
      }
    },
  };
}
