/**
 * Follows one camera's live masked view for as long as the signal allows: reconnects with back-off, ends on a refusal, and
 * tells silence from a lost line. Time and connection are handed in. It keeps no picture.
 */
import { Problem } from '../api/problem.js';
import { backoffMs } from './event-stream.js';
import { boundaryOf, createPartReader, messageOf, type LiveMessage } from './multipart-pictures.js';

export type LineState =
  | { readonly status: 'connecting' }
  /** `serverAheadMs`: how far the server's clock is ahead of ours, from its Date header; to half a second */
  | { readonly status: 'open'; readonly serverAheadMs: number }
  /** `problem`: what the last try was answered, if anything */
  | { readonly status: 'lost'; readonly sinceMs: number; readonly attempt: number; readonly problem: Problem | null }
  /** no further try: the role may not look, the camera is gone, … */
  | { readonly status: 'refused'; readonly problem: Problem };

export interface LiveConnection {
  readonly contentType: string | null;
  /** of the answer, RFC 9110; null when there is none */
  readonly date: string | null;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface FollowOptions {
  /** @throws Problem when the answer is not 2xx */
  connect(signal: AbortSignal): Promise<LiveConnection>;
  onMessage(message: LiveMessage): void;
  onState(state: LineState): void;
  now(): number;
  /** resolves after `ms` or when the signal is aborted */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
  /** nothing at all for so long ends a connection */
  silenceMs?: number;
}

export async function followLive(options: FollowOptions): Promise<void> {
  const { signal } = options;
  let attempt = 0;
  let lostAtMs: number | null = null;
  options.onState({ status: 'connecting' });
  while (!signal.aborted) {
    let problem: Problem | null = null;
    const line = new AbortController();
    const stop = (): void => line.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const connection = await options.connect(line.signal);
      options.onState({ status: 'open', serverAheadMs: aheadMs(connection.date, options.now()) });
      lostAtMs = null;
      // Only what came proves that the line works: one that opens and falls at once waits longer each time.
      await read(connection, line, options, () => (attempt = 0));
    } catch (error) {
      if (error instanceof Problem) problem = error;
      if (problem && !signal.aborted && isFinal(problem.status)) {
        options.onState({ status: 'refused', problem });
        return;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      line.abort();
    }
    if (signal.aborted) return;
    lostAtMs ??= options.now();
    attempt += 1;
    options.onState({ status: 'lost', sinceMs: lostAtMs, attempt, problem });
    await options.wait(backoffMs(attempt), signal);
  }
}

/** Whether no other try can help: the request itself is refused, not only now. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

/** A Date header has whole seconds, rounded down: on average it is half a second late. */
function aheadMs(date: string | null, nowMs: number): number {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? 0 : at + 500 - nowMs;
}

async function read(connection: LiveConnection, line: AbortController, options: FollowOptions, alive: () => void): Promise<void> {
  const boundary = boundaryOf(connection.contentType);
  if (boundary === null) throw new Error('live view: not multipart');
  const reader = createPartReader(boundary, (part) => {
    const message = messageOf(part);
    if (!message || line.signal.aborted) return;
    alive();
    options.onMessage(message);
  });
  const iterator = connection.chunks[Symbol.asyncIterator]();
  try {
    while (!reader.ended) {
      const watch = new AbortController();
      const silent = options.wait(options.silenceMs ?? 30_000, AbortSignal.any([watch.signal, line.signal])).then(() => 'silent' as const);
      const next = iterator.next();
      next.catch(() => undefined);
      const result = await Promise.race([next, silent]).finally(() => watch.abort());
      if (result === 'silent' || result.done === true) return;
      reader.feed(result.value);
    }
  } finally {
    line.abort();
    void iterator.return?.()?.catch(() => undefined);
  }
}
