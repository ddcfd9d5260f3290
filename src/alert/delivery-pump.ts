/**
 * Empties the outbox. Each channel has a lane of its own, so that a dead receiver holds up nobody else; a lane claims the
 * oldest due rows, sends them side by side, and writes down how each ended. A crash between sending and writing down
 * means that the row is sent again, with the same idempotency key: at least once.
 */
import type { Channel } from '../contract/alert.js';
import type { ChannelTransport, DeliveryPump, SendOutcome } from '../contract/alert-ports.js';
import type { Sealer } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import type { Config } from '../config/schema.js';
import { redactText } from '../config/redact.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { backoffMs } from '../core/retry.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { channelContext } from './alert-channels.js';
import { createDeliveryOutbox, type Claimed, type Mark } from './delivery-outbox.js';

export interface DeliveryPumpDeps {
  readonly config: Config['alert'];
  readonly database: Database;
  readonly sealer: Sealer;
  readonly transports: Record<Channel['kind'], ChannelTransport>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** 0 <= x < 1 */
  readonly random?: () => number;
}

interface Lane {
  readonly channelId: string;
  readonly tries: number;
  /** no send of the last claim got through */
  readonly failing: boolean;
}

/** Sends of one channel at once. */
const perChannel = 4;
/** Lanes at once; the others wait for the next look. */
const lanesAtOnce = 32;
const lookEveryMs = 1_000;
/** What a claim lasts beyond the time of a send: for clocks that differ, and for writing down the outcome. */
const claimMarginMs = 30_000;
/** What a send in work is given when the pump stops. */
const stopGraceMs = 3_000;

export function createDeliveryPump(deps: DeliveryPumpDeps): DeliveryPump & { start(signal: AbortSignal): void; wake(): void; close(): Promise<void> } {
  const { config, database, sealer, transports, clock, log, metrics } = deps;
  const { timeoutMs, attempts: maxAttempts, retry } = config.webhook;
  const outbox = createDeliveryOutbox({ database, clock });
  const lanes = new Map<string, Promise<Lane>>();
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let wakeUp: (() => void) | undefined;
  let woken = false;

  async function send(claimed: Claimed, signal: AbortSignal): Promise<SendOutcome> {
    try {
      const secret = sealer.open(claimed.sealedSecret, channelContext(claimed.channelId));
      return await transports[claimed.kind].send({ url: claimed.url, secret, idempotencyKey: claimed.idempotencyKey, body: claimed.body }, signal);
    } catch (thrown) {
      return { status: 'retry', detail: messageOf(thrown) };
    }
  }

  function markOf(claimed: Claimed, outcome: SendOutcome): Mark {
    switch (outcome.status) {
      case 'delivered':
        return { state: 'delivered' };
      case 'dead':
        return { state: 'dead', error: short(outcome.detail) };
      case 'retry':
        if (claimed.attempts >= maxAttempts) return { state: 'dead', error: short(`Given up after ${claimed.attempts} tries: ${outcome.detail}`) };
        return { state: 'pending', afterMs: Math.max(outcome.afterMs ?? 0, backoffMs(claimed.attempts, retry, deps.random)), error: short(outcome.detail) };
      default:
        return outcome satisfies never;
    }
  }

  /** @returns whether the receiver gave an answer that lets the lane go on */
  async function deliver(claimed: Claimed, abort: AbortSignal): Promise<boolean> {
    // A process that slept through its claim must not send what another has taken meanwhile.
    if (abort.aborted || clock.nowMs() > claimed.claimedUntilMs - timeoutMs) {
      await outbox.release(claimed);
      return false;
    }
    const outcome = await send(claimed, abort);
    if (outcome.status !== 'delivered' && abort.aborted) {
      await outbox.release(claimed);
      return false;
    }
    const mark = markOf(claimed, outcome);
    metrics.deliveries.inc({ outcome: mark.state === 'pending' ? 'retry' : mark.state });
    if (mark.state !== 'delivered') log.warn({ deliveryId: claimed.id, channelId: claimed.channelId, attempts: claimed.attempts, outcome: mark.state, error: mark.error }, 'a delivery failed');
    await writeDown(claimed, mark);
    return outcome.status !== 'retry';
  }

  /** A database that hiccups just then would mean a second send: it is asked three times. */
  async function writeDown(claimed: Claimed, mark: Mark): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await outbox.mark(claimed, mark);
      } catch (thrown) {
        if (attempt >= 3) throw thrown;
        await clock.sleep(backoffMs(attempt, { initialMs: 200, factor: 2, capMs: 1_000, jitterRatio: 0.5 }, deps.random));
      }
    }
  }

  /** Sends what is due on one channel. When no send of a claim got through, the receiver is left alone until the next look. */
  async function runLane(channelId: string, stop: AbortSignal, abort: AbortSignal): Promise<Lane> {
    let tries = 0;
    let failing = false;
    try {
      while (!stop.aborted) {
        const claimed = await outbox.claim(channelId, perChannel, timeoutMs + claimMarginMs);
        if (claimed.length === 0) break;
        tries += claimed.length;
        const done = await Promise.allSettled(claimed.map((one) => deliver(one, abort)));
        for (const result of done) if (result.status === 'rejected') log.warn({ channelId, error: messageOf(result.reason) }, 'the outcome of a delivery could not be written down; it is sent again');
        failing = !done.some((result) => result.status === 'fulfilled' && result.value);
        if (failing) break;
      }
    } catch (thrown) {
      log.warn({ channelId, error: messageOf(thrown) }, 'the outbox could not be read');
    }
    return { channelId, tries, failing };
  }

  /** Starts a lane for every channel that has something due and none running. */
  async function look(stop: AbortSignal, abort: AbortSignal, without: ReadonlySet<string> = new Set()): Promise<{ lanes: readonly Promise<Lane>[] }> {
    const started: Promise<Lane>[] = [];
    await outbox.buryRemoved();
    for (const channelId of await outbox.dueChannels()) {
      if (lanes.has(channelId) || without.has(channelId) || lanes.size >= lanesAtOnce || stop.aborted) continue;
      const lane = runLane(channelId, stop, abort).finally(() => lanes.delete(channelId));
      lanes.set(channelId, lane);
      started.push(lane);
    }
    return { lanes: started };
  }

  /** Aborts a while after `signal` does: what is being sent may come to its end. */
  function graceAfter(signal: AbortSignal): { late: AbortSignal; dispose: () => void } {
    const late = new AbortController();
    let cancel: (() => void) | undefined;
    const begin = (): void => {
      cancel = clock.after(stopGraceMs, () => late.abort(signal.reason));
    };
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
    const dispose = (): void => {
      signal.removeEventListener('abort', begin);
      cancel?.();
    };
    return { late: late.signal, dispose };
  }

  async function run(stop: AbortSignal): Promise<void> {
    const { late, dispose } = graceAfter(stop);
    while (!stop.aborted) {
      woken = false;
      await look(stop, late).catch((thrown: unknown) => log.warn({ error: messageOf(thrown) }, 'the outbox could not be read'));
      if (woken || stop.aborted) continue;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(lookEveryMs, resolve);
        wakeUp = () => {
          cancel();
          resolve();
        };
      });
      wakeUp = undefined;
    }
    await Promise.allSettled([...lanes.values()]);
    dispose();
  }

  /** Sends what is due, until nothing is or its receivers fail. A lane that runs already is waited for, too. */
  async function drain(stop: AbortSignal, late: AbortSignal): Promise<number> {
    let tries = 0;
    const failing = new Set<string>();
    while (!stop.aborted) {
      const started = await look(stop, late, failing);
      const ended = await Promise.all(started.lanes);
      for (const lane of ended) {
        tries += lane.tries;
        if (lane.failing) failing.add(lane.channelId);
      }
      if (!ended.some((lane) => lane.tries > 0)) break;
    }
    await Promise.all([...lanes.values()]);
    return tries;
  }

  const wake = (): void => {
    woken = true;
    wakeUp?.();
  };

  return {
    async drain(signal) {
      const stop = AbortSignal.any([signal, stopping.signal]);
      const { late, dispose } = graceAfter(stop);
      return drain(stop, late).finally(dispose);
    },
    start(signal) {
      if (loop) return;
      const stop = AbortSignal.any([signal, stopping.signal]);
      stop.addEventListener('abort', wake, { once: true });
      loop = run(stop);
    },
    wake,
    async close() {
      stopping.abort(new DOMException('the delivery pump closes', 'AbortError'));
      await loop;
      await Promise.allSettled([...lanes.values()]);
    },
  };
}

/** One line of a bounded length, without the credentials of an address. */
function short(text: string): string {
  return redactText(text).replace(/\s+/g, ' ').slice(0, 300);
}
