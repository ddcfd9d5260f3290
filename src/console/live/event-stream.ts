/**
 * Follows the server-sent stream for as long as the signal allows: reconnects with back-off, sends Last-Event-ID to
 * catch up, and tells silence from a lost line. Time and connection are handed in.
 */
import { createParser } from 'eventsource-parser';
import type { StreamEvent } from '../../contract/events.js';

export type StreamState =
  | { readonly status: 'connecting' }
  /** `lostAtMs` is set after a gap; `lastEventId` is what the server was asked to go on from */
  | { readonly status: 'open'; readonly lostAtMs: number | null; readonly lastEventId: string | null }
  | { readonly status: 'lost'; readonly sinceMs: number; readonly attempt: number }
  /** the session has ended or may not listen: no further try */
  | { readonly status: 'refused'; readonly httpStatus: number };

export interface StreamConnection {
  readonly status: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface StreamOptions {
  connect(lastEventId: string | null, signal: AbortSignal): Promise<StreamConnection>;
  onEvent(event: StreamEvent): void;
  onState(state: StreamState): void;
  now(): number;
  /** resolves after `ms` or when the signal is aborted */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
  /** nothing at all for so long, not even a comment, ends a connection */
  silenceMs?: number;
}

/** 0.5 s, 1 s, 2 s, … 15 s. */
export function backoffMs(attempt: number): number {
  return Math.min(15_000, 500 * 2 ** Math.min(attempt - 1, 10));
}

/** @returns undefined for what is no event of ours, so that a newer server cannot break an older page */
export function parseEvent(data: string): StreamEvent | undefined {
  try {
    const value = JSON.parse(data) as Partial<StreamEvent> | null;
    return value && typeof value.type === 'string' && typeof value.seq === 'number' && typeof value.data === 'object' ? (value as StreamEvent) : undefined;
  } catch {
    return undefined;
  }
}

export async function followStream(options: StreamOptions): Promise<void> {
  const { signal } = options;
  let lastEventId: string | null = null;
  let lostAtMs: number | null = null;
  let attempt = 0;
  options.onState({ status: 'connecting' });
  while (!signal.aborted) {
    const line = new AbortController();
    const stop = (): void => line.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const connection = await options.connect(lastEventId, line.signal);
      if (connection.status === 401 || connection.status === 403) {
        options.onState({ status: 'refused', httpStatus: connection.status });
        return;
      }
      if (connection.status >= 200 && connection.status < 300) {
        options.onState({ status: 'open', lostAtMs, lastEventId });
        lostAtMs = null;
        attempt = 0;
        await read(connection.chunks, line, options, (id) => (lastEventId = id));
      }
    } catch {
      // Every way to lose a line is the same to us: try again.
    } finally {
      signal.removeEventListener('abort', stop);
      line.abort();
    }
    if (signal.aborted) return;
    lostAtMs ??= options.now();
    attempt += 1;
    options.onState({ status: 'lost', sinceMs: lostAtMs, attempt });
    await options.wait(backoffMs(attempt), signal);
  }
}

/** Reads one connection to its end. An event of either name is ours: what it is stands in its data. */
async function read(chunks: AsyncIterable<Uint8Array>, line: AbortController, options: StreamOptions, seen: (id: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: (message) => {
      const event = parseEvent(message.data);
      const id = message.id ?? (event ? String(event.seq) : undefined);
      if (id) seen(id);
      if (event) options.onEvent(event);
    },
  });
  const silenceMs = options.silenceMs ?? 50_000;
  const iterator = chunks[Symbol.asyncIterator]();
  for (;;) {
    const watch = new AbortController();
    const silent = options.wait(silenceMs, AbortSignal.any([watch.signal, line.signal])).then(() => 'silent' as const);
    const next = iterator.next();
    next.catch(() => undefined);
    const result = await Promise.race([next, silent]).finally(() => watch.abort());
    if (result === 'silent') {
      void iterator.return?.();
      return;
    }
    if (result.done) return;
    parser.feed(decoder.decode(result.value, { stream: true }));
  }
}
