/**
 * The live masked view of one process: seats for those who look, and the desk that takes the samples' pictures while somebody
 * looks, here or in another process. Where both are in one process the picture goes from hand to hand; the database is used
 * only for the eyes of others (`live-slots.ts`), and with PGlite, which one process has alone, not at all.
 *
 * Look:   the first seat at a camera writes down that this process looks, and that is renewed; the last one takes it away.
 * Make:   while a camera is looked at, every sample gives a message: a sealed picture, or why there is none.
 * Hand:   one write a camera is under way, the newest message waits, an older one is forgotten. One read a camera likewise.
 * Forget: a slot is emptied when nobody looks any more, when the camera leaves this worker, and at the start.
 */
import type { Database } from '../contract/database.js';
import type { LiveDesk, LiveMessage, LiveViews } from '../contract/live-view.js';
import { requireMasked } from '../contract/object-store.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Logger } from '../telemetry/logger.js';
import { createLiveSeats } from './live-seats.js';
import { createLiveSlots } from './live-slots.js';

/** How long a look that is not renewed holds. */
const wantedForMs = 8_000;
/** While this process looks: renewals, and a glance at the slots in case a notification was lost. */
const lookEveryMs = 2_000;
/** While this process has cameras: who looks, in case a notification was lost. */
const askEveryMs = 1_500;
const sweepEveryMs = 30_000;
/** While the database is away it is told so often. */
const tellEveryMs = 60_000;
/** A slot that was written longer ago shows nothing that is live. */
const freshMs = 10_000;

interface Slot {
  mark: string | undefined;
  next: LiveMessage | undefined;
  busy: Promise<void> | undefined;
}

/** @param options.makes whether this process has cameras (the worker role) */
export function createLiveView(options: { database: Database; makes: boolean; clock: Clock; log: Logger }): LiveViews & LiveDesk {
  const { database, makes, clock, log } = options;
  const shared = database.kind === 'postgres';
  const slots = createLiveSlots(database, newId());
  /** cameras that other processes look at, and until when (monotonic) */
  const others = new Map<string, number>();
  /** slots that this process writes */
  const mine = new Map<string, Slot>();
  /** reads under way, and the mark of what was read last */
  const reads = new Map<string, { busy: Promise<void> | undefined; again: boolean; mark: string | undefined }>();
  const timers = new Map<string, () => void>();
  const work = new Set<Promise<void>>();
  let toldAtMs = -Infinity;
  let closed = false;
  let unlisten: (() => Promise<void>) | undefined;

  const seats = createLiveSeats(clock, {
    first(cameraId) {
      if (!shared) return;
      inBackground(inTurn(() => slots.want([cameraId], wantedForMs)).then(() => read(cameraId)));
      every('look', lookEveryMs, look);
    },
    last(cameraId) {
      reads.delete(cameraId);
      if (!shared) return;
      if (seats.cameras().length === 0) stop('look');
      inBackground(inTurn(() => slots.unwant([cameraId])).then(() => (seats.has(cameraId) ? inTurn(() => slots.want([cameraId], wantedForMs)) : undefined)));
    },
  });

  /** Looks are written down one after the other: a late beginning does not outlive its end. */
  let lastWrite: Promise<unknown> = Promise.resolve();
  function inTurn(write: () => Promise<unknown>): Promise<unknown> {
    const written = lastWrite.catch(() => undefined).then(write);
    lastWrite = written;
    return written;
  }

  /** Nothing of a live view is worth more than a line in the log: the next try comes by itself. */
  function inBackground(task: Promise<unknown>): void {
    const done: Promise<void> = task.then(
      () => undefined,
      (thrown: unknown) => {
        const nowMs = clock.monotonicMs();
        if (closed || nowMs - toldAtMs < tellEveryMs) return;
        toldAtMs = nowMs;
        log.warn({ error: messageOf(thrown) }, 'live views between processes pause: trying again');
      },
    );
    work.add(done);
    void done.finally(() => work.delete(done));
  }

  /** Again and again, one at a time; asked for twice it still runs once. */
  function every(name: string, ms: number, task: () => Promise<unknown>): void {
    if (closed || timers.has(name)) return;
    let cancel = (): void => undefined;
    const end = (): void => cancel();
    const turn = (): void => {
      cancel = clock.after(ms, () =>
        inBackground(
          task().finally(() => {
            if (timers.get(name) === end) turn();
          }),
        ),
      );
    };
    timers.set(name, end);
    turn();
  }

  function stop(name: string): void {
    timers.get(name)?.();
    timers.delete(name);
  }

  async function look(): Promise<void> {
    const watched = seats.cameras();
    if (watched.length === 0) return;
    await inTurn(() => slots.want(watched.filter((cameraId) => seats.has(cameraId)), wantedForMs));
    for (const { cameraId, mark } of await slots.marks(watched)) if (reads.get(cameraId)?.mark !== mark) read(cameraId, mark);
  }

  /** Reads a slot for the seats of this process; while a read is under way, one more is remembered. */
  function read(cameraId: string, mark?: string): void {
    if (!seats.has(cameraId) || (mark !== undefined && mine.get(cameraId)?.mark === mark)) return;
    const state = reads.get(cameraId) ?? { busy: undefined, again: false, mark: undefined };
    reads.set(cameraId, state);
    state.again = true;
    if (state.busy) return;
    const run = async (): Promise<void> => {
      while (state.again && !closed) {
        state.again = false;
        const found = await slots.read(cameraId);
        if (!found || found.mark === state.mark || found.mark === mine.get(cameraId)?.mark) continue;
        state.mark = found.mark;
        if (found.ageMs < freshMs && reads.get(cameraId) === state) seats.put(cameraId, found.message);
      }
    };
    state.busy = run().finally(() => (state.busy = undefined));
    inBackground(state.busy);
  }

  async function ask(): Promise<void> {
    const wanted = await slots.wantedByOthers();
    const nowMs = clock.monotonicMs();
    others.clear();
    for (const { cameraId, forMs } of wanted) others.set(cameraId, nowMs + forMs);
    for (const cameraId of [...mine.keys()]) if (!others.has(cameraId)) drop(cameraId);
  }

  const wantedByOthers = (cameraId: string): boolean => (others.get(cameraId) ?? -Infinity) > clock.monotonicMs();

  function put(cameraId: string, message: LiveMessage): void {
    seats.put(cameraId, message);
    if (!wantedByOthers(cameraId)) return;
    const slot = mine.get(cameraId) ?? { mark: undefined, next: undefined, busy: undefined };
    mine.set(cameraId, slot);
    slot.next = message;
    if (slot.busy) return;
    const run = async (): Promise<void> => {
      for (let next = slot.next; next && !closed; next = slot.next) {
        slot.next = undefined;
        slot.mark = newId();
        await slots.write(cameraId, slot.mark, next);
      }
    };
    slot.busy = run().finally(() => (slot.busy = undefined));
    inBackground(slot.busy);
  }

  /** Empties our slot behind the write that is under way. */
  function drop(cameraId: string): void {
    const slot = mine.get(cameraId);
    if (!slot) return;
    mine.delete(cameraId);
    slot.next = undefined;
    inBackground((slot.busy ?? Promise.resolve()).catch(() => undefined).then(() => (slot.mark === undefined ? undefined : slots.clear(cameraId, slot.mark))));
  }

  const desk: LiveDesk = {
    wanted: (cameraId) => !closed && (seats.has(cameraId) || wantedByOthers(cameraId)),
    wants: (cameraId) => desk.wanted(cameraId),
    offer(picture) {
      try {
        requireMasked(picture);
      } catch (thrown) {
        log.error({ error: messageOf(thrown) }, 'a live picture was refused');
        return;
      }
      if (desk.wanted(picture.receipt.cameraId)) put(picture.receipt.cameraId, { kind: 'picture', receipt: picture.receipt, jpeg: picture.jpeg });
    },
    sampled({ cameraId, picture }) {
      if (picture.status === 'made') desk.offer(picture.picture);
      else if (picture.status === 'withheld' && desk.wanted(cameraId)) put(cameraId, { kind: 'withheld', reason: picture.reason });
    },
    forget: (cameraId) => drop(cameraId),
    async start() {
      if (!shared || closed) return;
      unlisten = await database.listen('hg_live', (payload) => {
        if (closed) return;
        const [word, cameraId, mark] = payload.split(':');
        if (word === 'have' && cameraId !== undefined) read(cameraId, mark);
        else if (makes) inBackground(ask());
        if (payload === '') inBackground(look());
      });
      if (!makes) return;
      await slots.sweep();
      await ask();
      every('ask', askEveryMs, ask);
      every('sweep', sweepEveryMs, () => slots.sweep());
    },
    async close() {
      if (closed) return;
      const watched = seats.cameras();
      seats.close();
      for (const cameraId of [...mine.keys()]) drop(cameraId);
      closed = true;
      for (const name of [...timers.keys()]) stop(name);
      if (shared && watched.length > 0) inBackground(inTurn(() => slots.unwant(watched)));
      await unlisten?.().catch(() => undefined);
      await Promise.all(work);
    },
  };

  return { ...desk, watch: (cameraId, watching, signal) => seats.watch(cameraId, watching, signal) };
}
