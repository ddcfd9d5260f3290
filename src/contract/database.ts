/** The port of the database: one drizzle schema, two drivers. SQL is PostgreSQL's on both. */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { NewStreamEvent, StreamEvent } from './events.js';

/** What runs queries: the database itself or a transaction of it. */
export type Executor = PgDatabase<PgQueryResultHKT, Record<string, never>>;

export interface Database {
  readonly kind: 'pglite' | 'postgres';
  readonly orm: Executor;
  /** Read committed. Serialisation failures and deadlocks are tried again, so `work` must be free of other effects. */
  transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T>;
  /** Brings the schema up to date; safe when several processes start at once. */
  migrate(): Promise<void>;
  /** Throws `database.unavailable`. */
  probe(): Promise<void>;
  /** Sends after commit when called in a transaction. Payload under 8000 bytes. */
  notify(channel: NotifyChannel, payload: string, executor?: Executor): Promise<void>;
  /** Listens until the returned function is called; after a lost connection it listens again and calls with "". */
  listen(channel: NotifyChannel, onPayload: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** `hg_event`: a stream event was written. `hg_camera`: a camera, its zones or its rules changed (payload: camera id).
 * `hg_live`: who is looked at live has changed, or a slot has a newer picture (payload: see store/live-slots). */
export type NotifyChannel = 'hg_event' | 'hg_camera' | 'hg_queue' | 'hg_live';

/** The event stream's rows, kept for a day so that a page that was away catches up. */
export interface EventLog {
  /** Give the transaction of the change itself, so that event and change stand or fall together. */
  append(event: NewStreamEvent, executor?: Executor): Promise<void>;
  /** Events after `seq`, oldest first, at most `limit`. */
  after(seq: number, limit: number): Promise<readonly StreamEvent[]>;
  latestSeq(): Promise<number>;
  /** Live events in order, from now on. */
  subscribe(onEvent: (event: StreamEvent) => void): () => void;
}
