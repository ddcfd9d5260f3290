/**
 * Follows the press of a panic button to its alert. The contacts are listened to by the worker that runs the camera,
 * perhaps in another process; what reaches us are the stream events that it writes: `input.changed`, and `alert.raised`
 * whose `raisedAt` is the moment when the device's message came and whose own time is the moment when the alert was
 * written, both by the worker's clock.
 */
import { and, eq, gt, isNull } from 'drizzle-orm';
import type { PressTest } from '../contract/commissioning.js';
import type { Database, EventLog } from '../contract/database.js';
import type { StreamEvent } from '../contract/events.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { alerts } from '../db/schema/alert.js';
import { leases } from '../db/schema/ingest.js';
import { promptMs } from './commissioning-checks/panic-inputs.js';

export interface PressParts {
  readonly database: Database;
  readonly events: Pick<EventLog, 'subscribe'>;
  readonly clock: Clock;
  /** Contacts of the device; null when it cannot be asked now: its worker may hear it all the same. */
  readonly inputs: (signal: AbortSignal) => Promise<readonly string[] | null>;
}

interface Pressed {
  readonly input: string | null;
  readonly atMs: number;
  readonly toAlertMs: number | null;
}

/** @throws HedgerowError `process.aborted` */
export async function followPress(cameraId: string, waitMs: number, parts: PressParts, signal: AbortSignal): Promise<PressTest> {
  const { database, clock } = parts;
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  // Listened to before the device is asked: whoever stands on the ladder presses at once.
  const press = firstPress(cameraId, parts, ended);
  const cancel = clock.after(waitMs, () => press.enough());
  try {
    const inputs = await Promise.race([parts.inputs(ended).catch(nullWhenOfDevice), press.done.then(() => null)]);
    if (inputs?.length === 0) return { cameraId, input: null, status: 'no-inputs', pressedAt: null, toAlertMs: null, seen: 'The device has no contacts: there is no button to press.' };
    const seen = await press.done;
    if (signal.aborted) throw new HedgerowError('process.aborted', 'Stopped before the button was pressed.');
    return seen === null ? await silent() : await told(seen);
  } finally {
    cancel();
    over.abort();
  }

  async function silent(): Promise<PressTest> {
    const [lease] = await database.orm.select({ expiresAt: leases.expiresAt }).from(leases).where(and(eq(leases.cameraId, cameraId), gt(leases.expiresAt, new Date(clock.nowMs()))));
    const seen = lease ? `No press came through within ${waitMs / 1000} s.` : `Nothing came through within ${waitMs / 1000} s, and no worker runs this camera: nobody listens to its contacts.`;
    return { cameraId, input: null, status: 'silent', pressedAt: null, toAlertMs: null, seen };
  }

  async function told({ input, atMs, toAlertMs }: Pressed): Promise<PressTest> {
    const label = `Contact ${input ?? '?'}`;
    const head = { cameraId, input, status: 'seen', pressedAt: toRfc3339(atMs), toAlertMs } as const;
    if (toAlertMs !== null) return { ...head, seen: `${label} came through and raised an alert within ${(toAlertMs / 1000).toFixed(1)} s.` };
    const [open] = await database.orm.select({ raisedAt: alerts.raisedAt }).from(alerts).where(and(eq(alerts.cameraId, cameraId), eq(alerts.inputName, input ?? ''), isNull(alerts.endedAt)));
    const why = open ? `it belongs to the alert of ${toRfc3339(open.raisedAt.getTime())}, which still goes on: release it, wait ten seconds and test again` : `no alert followed within ${promptMs / 1000} s`;
    return { ...head, seen: `${label} came through, but ${why}.` };
  }
}

/** `enough`: no press is waited for any more; one whose alert is on its way is still followed. */
function firstPress(cameraId: string, { database, events, clock }: PressParts, signal: AbortSignal): { done: Promise<Pressed | null>; enough(): void } {
  let enough = (): void => undefined;
  const done = new Promise<Pressed | null>((resolve) => {
    let contact: { input: string; atMs: number } | null = null;
    let cancelGrace = (): void => undefined;
    let finished = false;
    const finish = (pressed: Pressed | null): void => {
      if (finished) return;
      finished = true;
      unsubscribe();
      cancelGrace();
      signal.removeEventListener('abort', onAbort);
      resolve(pressed);
    };
    const onAbort = (): void => finish(null);
    enough = () => {
      if (contact === null) finish(null);
    };
    const onEvent = (event: StreamEvent): void => {
      if (event.type === 'input.changed' && event.data.cameraId === cameraId && event.data.active && contact === null) {
        contact = { input: event.data.input, atMs: Date.parse(event.at) };
        const { input, atMs } = contact;
        cancelGrace = clock.after(promptMs, () => finish({ input, atMs, toAlertMs: null }));
      }
      if (event.type !== 'alert.raised' || event.data.cameraId !== cameraId || event.data.kind !== 'input') return;
      const atMs = Date.parse(event.data.raisedAt);
      const toAlertMs = Math.max(0, Date.parse(event.at) - atMs);
      contact ??= { input: '', atMs };
      void inputOf(event.data.id).then((input) => finish({ input: input ?? (contact?.input || null), atMs, toAlertMs }));
    };
    const unsubscribe = events.subscribe(onEvent);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  return { done, enough: () => enough() };

  async function inputOf(alertId: string): Promise<string | null> {
    const [row] = await database.orm.select({ input: alerts.inputName }).from(alerts).where(eq(alerts.id, alertId)).catch(() => []);
    return row?.input ?? null;
  }
}

function nullWhenOfDevice(thrown: unknown): null {
  if (thrown instanceof HedgerowError && (thrown.kind === 'aborted' || thrown.code === 'address.refused' || thrown.code.startsWith('camera.'))) return null;
  throw thrown;
}
