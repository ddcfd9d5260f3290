/**
 * Listens to the contacts of cameras (panic buttons): one pull-point a camera that has digital inputs, always ended when
 * the camera leaves or the program stops. Times are ours: a device's own clock may stand in 1970.
 */
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import type { Sealer } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { backoffMs, type Backoff } from '../core/retry.js';
import { cameras } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import type { CameraRow } from './camera-rows.js';
import { openPassword } from './credentials.js';
import type { InputEvent, OnvifClient, OnvifDevice } from './onvif-client.js';

export interface InputChange {
  readonly cameraId: string;
  readonly siteId: string;
  /** the device's name of the contact */
  readonly input: string;
  readonly active: boolean;
  /** our clock when the message came, epoch milliseconds */
  readonly atMs: number;
}

export interface InputWatch {
  /** Looks at the inventory, begins to listen, and follows changes. */
  start(): Promise<void>;
  /** Ends every subscription on its device, then resolves. */
  close(): Promise<void>;
}

/** A pull answers at the latest after this time; it is renewed in between, as some devices never prolong it by pulls. */
const pullMs = 20_000;
const renewEveryMs = 40_000;
/** A camera without inputs, or that refuses, is asked again this seldom. */
const idleMs = 3_600_000;
/** Which cameras are ours changes without a word when leases change hands. */
const lookEveryMs = 10_000;
const backoff: Backoff = { initialMs: 2_000, factor: 2, capMs: 120_000, jitterRatio: 0.5 };
/** From one pull to the next at least: a device that answers at once, and for ever, costs no more than this. */
const paceMs = 500;
/** Contacts of one camera; a device that makes up more of them is not believed. */
const maxInputs = 64;
/** Changes of one contact in one answer that are passed on one by one; of more, the press and the last state are. */
const maxChanges = 4;
/** Ending a subscription when the program stops may take so long and no longer. */
const farewellMs = 3_000;

interface Watched {
  readonly configVersion: number;
  /** a password that was rotated ends no run, but a subscription that logs in with every pull */
  readonly login: string | null;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * @param options.onInput called for every change; what it rejects with is logged, and the watch goes on
 * @param options.mine whether this process listens to a camera; default: all of them
 */
export function createInputWatch(options: {
  database: Database;
  sealer: Sealer;
  onvif: OnvifClient;
  clock: Clock;
  log: Logger;
  onInput: (change: InputChange) => Promise<void> | void;
  mine?: (cameraId: string) => boolean;
}): InputWatch {
  const { database, sealer, onvif, clock, log, onInput, mine = () => true } = options;
  const watched = new Map<string, Watched>();
  let unlisten: (() => Promise<void>) | undefined;
  let cancelLook = (): void => undefined;
  let closed = false;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const rows = await database.orm
      .select()
      .from(cameras)
      .where(and(isNull(cameras.removedAt), eq(cameras.enabled, true), eq(cameras.protocol, 'onvif'), isNotNull(cameras.onboardedAt)));
    const wanted = new Map(rows.filter((r) => mine(r.id)).map((r) => [r.id, r]));
    for (const [id, { stop, configVersion, login }] of watched) {
      const now = wanted.get(id);
      if (now && now.configVersion === configVersion && now.sealedPassword === login) continue;
      stop.abort();
      watched.delete(id);
    }
    for (const row of wanted.values()) {
      if (closed || watched.has(row.id)) continue;
      const stop = new AbortController();
      watched.set(row.id, { configVersion: row.configVersion, login: row.sealedPassword, stop, done: follow(row, stop.signal) });
    }
  }

  /** One look after the other. */
  function lookAgain(): void {
    if (closed) return;
    looking = looking.then(look).catch((thrown: unknown) => log.warn({ error: messageOf(thrown) }, 'the inventory could not be read for inputs'));
  }

  function lookLater(): void {
    cancelLook = clock.after(lookEveryMs, () => {
      lookAgain();
      lookLater();
    });
  }

  async function follow(row: CameraRow, signal: AbortSignal): Promise<void> {
    // Kept over subscriptions: a lost connection is no second press of the button.
    const last = new Map<string, boolean>();
    for (let failures = 0; !signal.aborted; ) {
      let waitMs: number;
      try {
        await listen(row, signal, last, () => (failures = 0));
        waitMs = idleMs;
      } catch (thrown) {
        if (signal.aborted) return;
        failures++;
        const hopeless = thrown instanceof HedgerowError && (thrown.code === 'camera.auth' || thrown.context['unsupported'] === true);
        waitMs = hopeless ? idleMs : backoffMs(failures, backoff);
        log.info({ cameraId: row.id, error: messageOf(thrown), retryInMs: waitMs }, 'the inputs of a camera cannot be listened to');
      }
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** Returns when the camera has no inputs; throws when the subscription is lost. */
  async function listen(row: CameraRow, signal: AbortSignal, last: Map<string, boolean>, alive: () => void): Promise<void> {
    // The device is spoken to once more after the signal, to end the subscription: so it gets a signal of its own.
    const talk = new AbortController();
    const device = await onvif.open(
      { url: row.address, username: row.username, password: openPassword(sealer, row.id, row.sealedPassword), authMode: row.authMode as OnvifDevice['authMode'], maxRefusals: 1 },
      talk.signal,
    );
    const cut = (): void => void clock.after(farewellMs, () => talk.abort());
    signal.addEventListener('abort', cut, { once: true });
    try {
      await device.clock().catch((thrown: unknown) => {
        if (thrown instanceof HedgerowError && thrown.code === 'camera.unreachable') throw thrown;
      });
      const services = await device.services();
      if (services.events === null || (await device.digitalInputs(services)).length === 0) return;
      const point = await device.subscribe(services);
      let renewedAtMs = clock.monotonicMs();
      try {
        const stopped = aborted(signal);
        while (!signal.aborted) {
          const pulledAtMs = clock.monotonicMs();
          const events = await Promise.race([point.pull(pullMs), stopped]);
          if (events === null) return;
          alive();
          for (const { input, active } of changesIn(events, last)) {
            await report({ cameraId: row.id, siteId: row.siteId, input, active, atMs: clock.nowMs() });
          }
          if (clock.monotonicMs() - renewedAtMs > renewEveryMs) {
            await point.renew();
            renewedAtMs = clock.monotonicMs();
          }
          await clock.sleep(Math.max(0, paceMs - (clock.monotonicMs() - pulledAtMs)), signal).catch(() => undefined);
        }
      } finally {
        await point.close();
      }
    } finally {
      signal.removeEventListener('abort', cut);
      talk.abort();
    }
  }

  async function report(change: InputChange): Promise<void> {
    try {
      await onInput(change);
    } catch (thrown) {
      log.error({ cameraId: change.cameraId, input: change.input, error: messageOf(thrown) }, 'an input could not be passed on');
    }
  }

  return {
    async start() {
      unlisten = await database.listen('hg_camera', lookAgain);
      lookAgain();
      lookLater();
      await looking;
    },
    async close() {
      closed = true;
      cancelLook();
      await unlisten?.();
      await looking;
      const all = [...watched.values()];
      watched.clear();
      for (const { stop } of all) stop.abort();
      await Promise.all(all.map((w) => w.done));
    },
  };
}

/**
 * What of an answer is news, in order.
 * @param last the state of each contact that we know of; brought up to date
 */
export function changesIn(events: readonly InputEvent[], last: Map<string, boolean>): { input: string; active: boolean }[] {
  const byInput = new Map<string, boolean[]>();
  for (const { input, active, initial } of events) {
    const before = last.get(input);
    if (before === undefined && last.size >= maxInputs) continue;
    last.set(input, active);
    // The state on subscription is news only when a contact is closed that we did not know of.
    if (before === active || (initial && !active)) continue;
    byInput.set(input, [...(byInput.get(input) ?? []).slice(-maxChanges), active]);
  }
  return [...byInput].flatMap(([input, changes]) => {
    const told = changes.length <= maxChanges ? changes : changes.at(-1) === true ? [true] : [true, false];
    return told.map((active) => ({ input, active }));
  });
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}
