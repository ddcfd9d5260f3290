/**
 * Server-sent events (WHATWG HTML, 9.2): first what a client missed, then what happens, in order and each once, cut to
 * what its principal may see at that moment. Who asks is asked again with every heartbeat: a session that ended, a token
 * that was removed or a role that was taken away ends or narrows the stream within 15 s.
 *
 * Memory of a client is bounded: one that does not read is closed, and catches up when it comes back.
 */
import { Readable } from 'node:stream';
import type { EventLog } from '../contract/database.js';
import type { StreamEvent } from '../contract/events.js';
import { inScope, roles as allRoles, scopeOf, type Principal, type Role } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Credential } from './access.js';
import type { Identify } from './authenticate.js';
import { createStanding } from './standing.js';

const heartbeatMs = 15_000;
const retryMs = 2_000;
const readAtOnce = 200;
const maxWaiting = 1_000;
const maxStreams = 2_000;
const maxStreamsPerPrincipal = 50;

/** Auditors look at stored evidence: they are not told of each new picture, which would be a live view. */
const live: readonly Role[] = ['admin', 'technician', 'operator'];
export const rolesOfEvent = {
  'alert.raised': allRoles,
  'alert.changed': allRoles,
  'camera.state': allRoles,
  'camera.registered': allRoles,
  'camera.removed': allRoles,
  'site.changed': allRoles,
  'picture.stored': live,
  'reel.stored': live,
  'input.changed': live,
} as const satisfies Record<StreamEvent['type'], readonly Role[]>;

export interface EventStreams {
  /** @param after the last number that the client has; null: from now on. Throws `request.rate` when there are too many. */
  open(who: { principal: Principal; credential: Credential }, after: number | null): Readable;
  /** Ends all of them. */
  close(): void;
}

export function createEventStreams(deps: { events: EventLog; identify: Identify; clock: Clock; log: Logger; metrics: Metrics }): EventStreams {
  const { events, identify, clock, log, metrics } = deps;
  const open = new Map<() => void, string>();
  let closed = false;

  async function* frames(who: { principal: Principal; credential: Credential }, after: number | null, line: Line): AsyncGenerator<string> {
    const standing = createStanding(identify, who);
    yield `retry: ${retryMs}\n\n`;
    const latest = await events.latestSeq();
    // A number from before the database was restored must not make the stream silent.
    let seq = after === null ? latest : Math.min(after, latest);
    let nextBeatMs = clock.monotonicMs() + heartbeatMs;
    for (let catchingUp = after !== null; !line.ended; ) {
      if (clock.monotonicMs() >= nextBeatMs) {
        if (!(await standing.ask())) return;
        nextBeatMs = clock.monotonicMs() + heartbeatMs;
        yield ': still here\n\n';
      }
      const batch = catchingUp ? await events.after(seq, readAtOnce) : line.waiting.splice(0);
      if (batch.length === 0) {
        if (!catchingUp) await line.wake(nextBeatMs - clock.monotonicMs());
        catchingUp = false;
      }
      for (const event of batch) {
        if (event.seq <= seq) continue;
        seq = event.seq;
        if (line.ended) return;
        if (sees(standing.principal, event)) yield `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
      }
    }
  }

  return {
    open(who, after) {
      if (closed) throw new HedgerowError('process.aborted', 'Hedgerow is stopping.');
      const mine = [...open.values()].filter((id) => id === who.principal.id).length;
      if (open.size >= maxStreams || mine >= maxStreamsPerPrincipal) {
        throw new HedgerowError('request.rate', 'Too many event streams are open.', { context: { retryAfterMs: 30_000 } });
      }
      const line = new Line(clock);
      // Subscribed before the past is read: nothing falls in between.
      const unsubscribe = events.subscribe((event) => {
        if (line.push(event)) return;
        log.warn({ principal: who.principal.id }, 'a client of the event stream does not read; closed');
        stream.destroy();
      });
      const end = (): void => {
        line.end();
        unsubscribe();
        if (open.delete(end)) metrics.streams.set(open.size);
      };
      const source = frames(who, after, line);
      // A client that goes away while nothing happens: the bell must ring before the generator can return.
      const stream = Readable.from({
        [Symbol.asyncIterator]: () => ({
          next: () => source.next(),
          return: () => {
            end();
            return source.return(undefined);
          },
        }),
      });
      stream.once('close', end).on('error', (thrown) => {
        log.warn({ error: messageOf(thrown) }, 'an event stream was ended by an error');
        end();
      });
      open.set(end, who.principal.id);
      metrics.streams.set(open.size);
      return stream;
    },
    close() {
      closed = true;
      for (const end of [...open.keys()]) end();
    },
  };
}

function sees(principal: Principal, event: StreamEvent): boolean {
  return inScope(scopeOf(principal, rolesOfEvent[event.type]), event.siteId);
}

/** Events that wait for one client, and the bell that rings when there is one. */
class Line {
  readonly waiting: StreamEvent[] = [];
  ended = false;
  #ring: (() => void) | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns false when the client is too far behind */
  push(event: StreamEvent): boolean {
    if (this.ended) return true;
    if (this.waiting.length >= maxWaiting) return false;
    this.waiting.push(event);
    this.#ring?.();
    return true;
  }

  end(): void {
    this.ended = true;
    this.waiting.length = 0;
    this.#ring?.();
  }

  /** Resolves with the next event, at the end, or after `ms`. */
  async wake(ms: number): Promise<void> {
    if (this.waiting.length > 0 || this.ended) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#ring = () => {
        cancel();
        resolve();
      };
    });
    this.#ring = undefined;
  }
}
