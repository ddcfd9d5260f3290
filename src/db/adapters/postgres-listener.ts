/**
 * One connection of its own for LISTEN. When it is lost it comes back with backoff, listens again, and calls every
 * listener with "" because notifications may have been missed. A question every half minute finds a connection that is
 * dead without having said so.
 */
import pg from 'pg';
import type { NotifyChannel } from '../../contract/database.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { backoffMs } from '../../core/retry.js';
import type { Logger } from '../../telemetry/logger.js';

export interface PostgresListener {
  /** Resolves when the database listens. Throws `database.unavailable` when the first connection fails. */
  listen(channel: NotifyChannel, onPayload: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const aliveEveryMs = 30_000;
const backoff = { initialMs: 100, factor: 2, capMs: 10_000, jitterRatio: 0.5 };

export function createPostgresListener(options: { connection: pg.ClientConfig; clock: Clock; log: Logger }): PostgresListener {
  const { clock, log } = options;
  const listeners = new Map<NotifyChannel, Set<(payload: string) => void>>();
  let client: pg.Client | undefined;
  let connecting: Promise<void> | undefined;
  let closed = false;
  let cancelTimer = (): void => undefined;

  function tell(channel: NotifyChannel, payload: string): void {
    for (const onPayload of [...(listeners.get(channel) ?? [])]) onPayload(payload);
  }

  async function connect(): Promise<void> {
    cancelTimer();
    const fresh = new pg.Client({ ...options.connection, application_name: 'hedgerow listen' });
    let up = false;
    const lost = (thrown?: unknown): void => {
      if (!up) return;
      up = false;
      if (client === fresh) client = undefined;
      cancelTimer();
      fresh.end().catch(() => undefined);
      if (closed) return;
      log.warn({ error: thrown === undefined ? 'connection ended' : messageOf(thrown) }, 'database notifications: connection lost');
      comeBack(1);
    };
    fresh.on('error', lost);
    fresh.on('end', () => lost());
    fresh.on('notification', (message) => tell(message.channel as NotifyChannel, message.payload ?? ''));
    try {
      await fresh.connect();
      for (const channel of listeners.keys()) await fresh.query(`listen ${channel}`);
    } catch (thrown) {
      fresh.end().catch(() => undefined);
      throw thrown;
    }
    if (closed) {
      await fresh.end();
      return;
    }
    up = true;
    client = fresh;
    const watch = (): void => {
      cancelTimer = clock.after(aliveEveryMs, () => void fresh.query('select 1').then(watch, lost));
    };
    watch();
  }

  function comeBack(attempt: number): void {
    cancelTimer();
    cancelTimer = clock.after(backoffMs(attempt, backoff), () => {
      if (closed) return;
      connecting = connect();
      connecting.then(
        () => {
          log.info({ attempt }, 'database notifications: connected again');
          for (const channel of listeners.keys()) tell(channel, '');
        },
        () => comeBack(attempt + 1),
      ).finally(() => (connecting = undefined));
    });
  }

  return {
    async listen(channel, onPayload) {
      const known = listeners.get(channel);
      const set = known ?? new Set();
      set.add(onPayload);
      listeners.set(channel, set);
      try {
        if (!client) {
          connecting ??= connect().finally(() => (connecting = undefined));
          await connecting;
        } else if (!known) {
          await client.query(`listen ${channel}`);
        }
      } catch (cause) {
        set.delete(onPayload);
        // Others may have been waiting for a connection that was coming back.
        if (!closed && !client && [...listeners.values()].some((others) => others.size > 0)) comeBack(1);
        throw new HedgerowError('database.unavailable', `The database does not answer: ${messageOf(cause)}`, { context: { channel }, cause });
      }
      return () => {
        // The channel stays listened to: it costs nothing, and another listener may come.
        set.delete(onPayload);
        return Promise.resolve();
      };
    },
    async close() {
      closed = true;
      cancelTimer();
      listeners.clear();
      await connecting?.catch(() => undefined);
      const last = client;
      client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}
