/**
 * What both drivers share around drizzle's sessions: errors in our words, and a transaction that may not be stepped out
 * of. On PGlite there is one connection, so a query on the database inside a transaction would wait for itself for ever;
 * on Postgres it would silently stand outside. Both throw `process.defect` at once instead.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { sql } from 'drizzle-orm';
import type { Database, Executor, NotifyChannel } from '../../contract/database.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError } from '../../core/errors.js';
import { backoffMs } from '../../core/retry.js';
import { isLostRace } from '../sql-state.js';
import { translated } from './database-errors.js';

/** The parts of drizzle's session that every query goes through, on both drivers. */
interface Prepared {
  execute(...args: unknown[]): Promise<unknown>;
  all(...args: unknown[]): Promise<unknown>;
}
interface Session {
  prepareQuery(query: { sql: string }, ...rest: unknown[]): Prepared;
}

interface OpenTransaction {
  open: boolean;
}

const tries = 6;
const backoff = { initialMs: 10, factor: 2, capMs: 500, jitterRatio: 1 };

export interface GuardedSession {
  transaction: Database['transaction'];
  notify: Database['notify'];
}

/** Runs `work` between begin and commit on one connection, or rolls back and throws. */
export type Begin = <T>(work: (tx: Executor) => Promise<T>) => Promise<T>;

/** Wraps the sessions of `orm`, in place. `orm` must not be shared with anybody else. */
export function guardSession(orm: Executor, clock: Clock, begin: Begin = (work) => orm.transaction((tx) => work(tx as unknown as Executor))): GuardedSession {
  const current = new AsyncLocalStorage<OpenTransaction>();

  function wrap(executor: Executor, check: (text: string) => void): void {
    const session = (executor as unknown as { session: Session }).session;
    const prepareQuery = session.prepareQuery.bind(session);
    session.prepareQuery = (query, ...rest) => {
      const prepared = prepareQuery(query, ...rest);
      for (const method of ['execute', 'all'] as const) {
        const inner = prepared[method].bind(prepared);
        prepared[method] = async (...values) => {
          check(query.sql);
          try {
            return await inner(...values);
          } catch (thrown) {
            throw translated(thrown);
          }
        };
      }
      return prepared;
    };
  }

  function refuseInside(): void {
    if (current.getStore()?.open) {
      throw new HedgerowError('process.defect', 'A query ran on the database inside a transaction: use the executor that the transaction hands out.');
    }
  }
  wrap(orm, refuseInside);

  return {
    async transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
      refuseInside();
      for (let attempt = 1; ; attempt++) {
        try {
          return await begin(async (executor) => {
            const own: OpenTransaction = { open: true };
            wrap(executor, (text) => {
              // The driver itself ends the transaction through the same session.
              if (!own.open && text !== 'commit' && text !== 'rollback') throw new HedgerowError('process.defect', 'A query ran on a transaction that has ended: await everything inside it.');
            });
            try {
              return await current.run(own, () => work(executor));
            } finally {
              own.open = false;
            }
          });
        } catch (thrown) {
          if (isLostRace(thrown) && attempt < tries) await clock.sleep(backoffMs(attempt, backoff));
          else throw translated(thrown);
        }
      }
    },
    async notify(channel: NotifyChannel, payload: string, executor: Executor = orm): Promise<void> {
      if (Buffer.byteLength(payload) >= 8000) {
        throw new HedgerowError('process.defect', `A notification holds less than 8000 bytes, not ${Buffer.byteLength(payload)}.`, { context: { channel } });
      }
      await executor.execute(sql`select pg_notify(${channel}, ${payload})`);
    },
  };
}
