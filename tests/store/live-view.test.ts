/**
 * The live view between processes: two that look and one that has the cameras, over one Postgres database, each with its own
 * connections; and one process alone, which asks the database nothing.
 */
import { eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { LiveDesk, LiveMessage, LiveViews } from '../../src/contract/live-view.js';
import type { MaskedPicture } from '../../src/contract/picture.js';
import { SystemClock } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { openPostgresDatabase } from '../../src/db/adapters/postgres-database.js';
import { livePictures, liveViews } from '../../src/db/schema/index.js';
import { createLiveView } from '../../src/store/live-view.js';
import { silentLog, temporaryPostgres } from '../support/databases.js';
import { testPicture, testSample, tinyJpeg } from '../support/pictures.js';
import { services } from '../support/services.js';

type Live = LiveViews & LiveDesk;
const clock = new SystemClock({ unref: true });

const until = async (what: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> => {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs && !(await what()); ) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await what()).toBe(true);
};

/** Somebody who looks, and what he was handed. */
function look(live: Live, cameraId: string, quietAfterMs = 60_000) {
  const gone = new AbortController();
  const seen: LiveMessage[] = [];
  const done = (async () => {
    for await (const message of live.watch(cameraId, { quietAfterMs }, gone.signal)) seen.push(message);
  })();
  return {
    seen,
    pictures: () => seen.flatMap((m) => (m.kind === 'picture' ? [m.receipt.pictureId] : [])),
    reasons: () => seen.flatMap((m) => (m.kind === 'withheld' ? [m.reason] : [])),
    leave: async () => {
      gone.abort();
      await done;
    },
  };
}

describe.skipIf(!services.postgres)(`live view of a cluster${services.postgres ? '' : ' (needs Postgres)'}`, () => {
  let drop: () => Promise<void>;
  let url: string;
  let databases: Database[];
  let first: Live;
  let second: Live;
  let worker: Live;
  let away = false;
  let cameraId: string;
  const made: Live[] = [];

  beforeAll(async () => {
    ({ url, drop } = await temporaryPostgres());
    databases = await Promise.all([1, 2, 3].map(() => openPostgresDatabase({ url, poolSize: 3, clock, log: silentLog })));
    await databases[0]?.migrate();
  });
  afterAll(async () => {
    for (const database of databases) await database.close();
    await drop();
  });
  beforeEach(async () => {
    away = false;
    cameraId = newId();
    [first, second, worker] = [start(0, false), start(1, false), start(2, true)];
    for (const live of [first, second, worker]) await live.start();
  });
  afterEach(async () => {
    for (const live of made.splice(0)) await live.close();
    expect(await rows()).toEqual([0, 0]);
  });

  const db = (i = 0): Database => databases[i] as Database;
  const fail = (): never => {
    throw new HedgerowError('database.unavailable', 'away');
  };
  /** A process whose database can be away. */
  function start(i: number, makes: boolean): Live {
    const over = db(i);
    const orm = new Proxy(over.orm, { get: (target, key) => (away ? fail() : (Reflect.get(target, key) as unknown)) });
    const database: Database = { ...over, orm, transaction: (work) => (away ? Promise.reject(new HedgerowError('database.unavailable', 'away')) : over.transaction(work)) };
    const live = createLiveView({ database, makes, clock, log: silentLog });
    made.push(live);
    return live;
  }
  const rows = async (): Promise<number[]> => [(await db().orm.select().from(liveViews)).length, (await db().orm.select().from(livePictures)).length];
  const picture = (shade = 1): Promise<MaskedPicture> => tinyJpeg(shade).then((jpeg) => testPicture({ cameraId, jpeg, receivedAtMs: clock.nowMs() }));
  const offered = async (shade?: number): Promise<string> => {
    const one = await picture(shade);
    worker.sampled(testSample({ cameraId, picture: { status: 'made', picture: one, keep: false } }), []);
    return one.receipt.pictureId;
  };

  it('the worker learns within about a second who looks, and that nobody does', async () => {
    expect(worker.wants(cameraId, true, 0)).toBe(false);
    const startedMs = performance.now();
    const [one, two] = [look(first, cameraId), look(second, cameraId)];
    await until(() => worker.wanted(cameraId));
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(worker.wanted(newId())).toBe(false);
    await one.leave();
    await until(async () => (await rows())[0] === 1);
    expect(worker.wanted(cameraId)).toBe(true);
    await two.leave();
    await until(() => !worker.wanted(cameraId));
    await until(async () => (await rows()).join() === '0,0');
  });

  it('everybody in every process gets the pictures, whole and in order; nothing stays behind', async () => {
    const viewers = [look(first, cameraId), look(first, cameraId), look(second, cameraId)];
    await until(() => worker.wanted(cameraId));
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(await offered(40 * i));
      await until(() => viewers.every((v) => v.pictures().length === i + 1));
    }
    for (const viewer of viewers) expect(viewer.pictures()).toEqual(ids);
    worker.sampled(testSample({ cameraId, picture: { status: 'withheld', reason: 'moved' } }), []);
    await until(() => viewers.every((v) => v.reasons().join() === 'moved'));
    expect(await db().orm.select({ jpeg: livePictures.jpeg, receipt: livePictures.receipt }).from(livePictures)).toEqual([{ jpeg: null, receipt: null }]);
    // Somebody who comes later gets what is in the slot.
    const late = look(second, cameraId);
    await until(() => late.reasons().join() === 'moved');
    for (const viewer of [...viewers, late]) await viewer.leave();
    await until(async () => (await rows()).join() === '0,0');
  });

  it('the newest only: a burst does not pile up', async () => {
    const viewer = look(first, cameraId);
    await until(() => worker.wanted(cameraId));
    const burst = await Promise.all(Array.from({ length: 40 }, (_, i) => picture(i)));
    for (const one of burst) worker.offer(one);
    await until(() => viewer.pictures().at(-1) === burst.at(-1)?.receipt.pictureId);
    expect(viewer.pictures().length).toBeLessThan(10);
    await viewer.leave();
  });

  it('writes nothing that the masker did not make, and shows nothing that is not whole or not of this camera', async () => {
    const viewer = look(first, cameraId);
    await until(() => worker.wanted(cameraId));
    worker.offer({ ...(await picture()) });
    const good = await offered();
    await until(() => viewer.pictures().length === 1);
    const other = await testPicture();
    const forge = async (set: Partial<typeof livePictures.$inferInsert>): Promise<void> => {
      const mark = newId();
      await db().orm.update(livePictures).set({ mark, ...set }).where(eq(livePictures.cameraId, cameraId));
      await db().notify('hg_live', `have:${cameraId}:${mark}`);
    };
    await forge({ jpeg: Uint8Array.of(1, 2, 3) });
    await forge({ receipt: other.receipt, jpeg: other.jpeg });
    await forge({ receipt: null });
    const last = await offered(9);
    await until(() => viewer.pictures().at(-1) === last);
    expect(viewer.pictures()).toEqual([good, last]);
    await viewer.leave();
  });

  it('pauses while the database is away, and goes on', async () => {
    const viewer = look(first, cameraId, 700);
    await until(() => worker.wanted(cameraId));
    await offered();
    await until(() => viewer.pictures().length === 1);
    away = true;
    await offered(5);
    await until(() => viewer.reasons().includes('no-sample'));
    expect(viewer.pictures().length).toBe(1);
    away = false;
    await until(() => worker.wanted(cameraId));
    const back = await offered(6);
    await until(() => viewer.pictures().at(-1) === back);
    await viewer.leave();
  });

  it('without notifications it still goes on', async () => {
    const deaf = createLiveView({ database: { ...db(0), listen: () => Promise.resolve(() => Promise.resolve()) }, makes: false, clock, log: silentLog });
    const deafWorker = createLiveView({ database: { ...db(2), listen: () => Promise.resolve(() => Promise.resolve()) }, makes: true, clock, log: silentLog });
    for (const live of [deaf, deafWorker]) await live.start();
    const viewer = look(deaf, cameraId);
    await until(() => deafWorker.wanted(cameraId));
    const one = await picture();
    deafWorker.offer(one);
    await until(() => viewer.pictures().join() === one.receipt.pictureId);
    await viewer.leave();
    await deaf.close();
    await deafWorker.close();
  });

  it('empties the slot when the camera leaves the worker, and at a start what others left behind', async () => {
    const viewer = look(first, cameraId);
    await until(() => worker.wanted(cameraId));
    await offered();
    await until(() => viewer.pictures().length === 1);
    worker.forget(cameraId);
    await until(async () => (await rows())[1] === 0);
    await viewer.leave();
    const left = await picture();
    await db().orm.insert(livePictures).values({ cameraId: newId(), mark: newId(), receipt: left.receipt, jpeg: left.jpeg, withheld: null, at: sql`now() - interval '1 minute'` });
    await db().orm.insert(liveViews).values({ cameraId: newId(), viewer: newId(), wantedUntil: sql`now() - interval '1 minute'` });
    await start(2, true).start();
    await until(async () => (await rows()).join() === '0,0');
  });

  it('a process that has camera and viewer hands over without the slot', async () => {
    const viewer = look(worker, cameraId);
    expect(worker.wanted(cameraId)).toBe(true);
    const id = await offered();
    await until(() => viewer.pictures().join() === id);
    expect((await rows())[1]).toBe(0);
    await viewer.leave();
  });
});

describe('live view of one process', () => {
  it('asks the database nothing', async () => {
    const refuse = new Proxy({ kind: 'pglite' }, { get: (target, key) => { if (key === 'kind') return target.kind; if (key === 'orm') return undefined; throw new Error(`asked for ${String(key)}`); } }) as unknown as Database;
    const live = createLiveView({ database: refuse, makes: true, clock, log: silentLog });
    await live.start();
    const cameraId = newId();
    const viewer = look(live, cameraId);
    const one = await testPicture({ cameraId });
    live.offer(one);
    await until(() => viewer.pictures().length === 1);
    expect(viewer.seen[0]).toMatchObject({ receipt: one.receipt, jpeg: one.jpeg });
    await viewer.leave();
    expect(live.wanted(cameraId)).toBe(false);
    live.offer(one);
    await live.close();
  });
});
