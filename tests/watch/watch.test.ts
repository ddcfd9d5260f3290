import { eq, inArray } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sample } from '../../src/contract/analysis.js';
import type { Database } from '../../src/contract/database.js';
import type { EndReason, RunEnd } from '../../src/contract/frame-source.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { cameras, cameraStatus, events as eventRows } from '../../src/db/schema/index.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { createWatch } from '../../src/watch/watch.js';
import { addCamera, eventually, sampleOf, settle, type Village } from '../alert/village.js';
import { eachDatabase, silentLog } from '../support/databases.js';

const config = { maxClockSkewMs: 5_000, downAfterMs: 20_000 };
const t0 = Date.UTC(2026, 5, 1, 12);
type Watch = ReturnType<typeof createWatch>;

describe.each(eachDatabase())('watch on $name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  let watch: Watch;
  let v: Village;
  let metrics: ReturnType<typeof createMetrics>;
  const running: Watch[] = [];

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.orm.delete(cameraStatus);
    clock = new SimulatedClock(t0);
    metrics = createMetrics();
    watch = build();
    v = await settle(database, { rule: null });
  });
  afterEach(async () => {
    for (const w of running.splice(0)) await w.close();
    expect(clock.pendingTimers).toBe(0);
  });

  function build(over: Database = database): Watch {
    const made = createWatch({ config, database: over, events: createEventLog({ database: over, clock, log: silentLog }), clock, log: silentLog, metrics });
    running.push(made);
    return made;
  }
  const row = async (id = v.cameraId) => (await database.orm.select().from(cameraStatus).where(eq(cameraStatus.cameraId, id)))[0];
  const state = async () => (await row())?.state;
  const told = async () => (await database.orm.select().from(eventRows).where(eq(eventRows.siteId, v.siteId)).orderBy(eventRows.seq)).map((e) => (e.data as { state: string }).state);
  let noise = 0;
  const sampled = (over: Partial<Sample> = {}, by = watch): void => by.sampled(sampleOf(v, clock.nowMs(), [], { meanLuma: 110 + (noise++ % 2) / 100, ...over }));
  const end = (reason: EndReason): RunEnd => ({ reason, detail: reason, frames: 0, dropped: 0, bytes: 0 });
  const becomes = (wanted: string) => eventually(async () => expect(await state()).toBe(wanted));
  /** Time passes, second by second, and the database keeps up with it. */
  async function pass(seconds: number, each: () => void = () => undefined): Promise<void> {
    for (let s = 0; s < seconds; s++) {
      each();
      const timers = clock.pendingTimers;
      await clock.advance(1_000);
      // A tick waits for the database before it sets its next timer: on a slow machine that takes more turns.
      for (let turn = 0; turn < 3 || (turn < 60 && clock.pendingTimers < timers); turn++) await database.probe();
    }
  }
  const frames = (seconds: number): Promise<void> => pass(seconds, () => sampled());

  it('goes good with the first frame; says so once, however many follow', async () => {
    await watch.start();
    watch.runStarted(v.cameraId, newId());
    await becomes('unreachable');
    await frames(30);
    await becomes('good');
    await eventually(async () => expect((await row())?.lastFrameAt?.getTime()).toBeGreaterThanOrEqual(t0 + 24_000));
    expect(await told()).toEqual(['unreachable', 'good']);
    expect(await row()).toMatchObject({ since: new Date(t0), reason: null, pictureStatus: 'ready', detector: 'onnx' });
  });

  it('a dropped connection that comes back within 5 s is not told; a second failure is told at once', async () => {
    await watch.start();
    await frames(3);
    await becomes('good');
    watch.runEnded(v.cameraId, end('closed'), 500);
    await pass(4);
    await frames(1);
    expect(await told()).toEqual(['good']);
    watch.runEnded(v.cameraId, end('closed'), 500);
    await clock.advance(1_000);
    watch.runEnded(v.cameraId, end('unreachable'), 1_000);
    await becomes('unreachable');
    watch.runEnded(v.cameraId, end('auth'), 2_000);
    await becomes('answering');
    expect((await row())?.reason).toBe('The camera refused the password.');
    sampled();
    await becomes('good');
    expect(await told()).toEqual(['good', 'unreachable', 'answering', 'good']);
  });

  it('one end without a reconnect counts after 5 s; no frames at all after the configured time', async () => {
    await watch.start();
    await frames(3);
    await becomes('good');
    watch.runEnded(v.cameraId, end('stalled'), null);
    await pass(6);
    await becomes('authenticated');
    await frames(1);
    await becomes('good');
    await pass(19);
    await becomes('authenticated');
    expect((await row())?.reason).toBe('No frame has come for 20 s.');
  });

  it('tells a change of the picture or the detector', async () => {
    sampled({ pictureStatus: 'learning', detector: 'change-only' });
    await eventually(async () => expect(await row()).toMatchObject({ state: 'good', pictureStatus: 'learning', detector: 'change-only' }));
    sampled({ pictureStatus: 'ready', detector: 'change-only' });
    await eventually(async () => expect((await row())?.pictureStatus).toBe('ready'));
    sampled({ pictureStatus: 'moved', pictureReason: 'It was turned.' });
    await eventually(async () => expect(await row()).toMatchObject({ state: 'online', reason: 'It was turned.', pictureStatus: 'moved', detector: 'onnx' }));
    expect(await told()).toHaveLength(3);
  });

  it('notes the view that was found moved, and keeps the note whatever comes after', async () => {
    await watch.start();
    await frames(1);
    await becomes('good');
    expect((await row())?.movedViewVersion).toBeNull();
    sampled({ pictureStatus: 'moved', pictureReason: 'The camera was moved: its zones must be confirmed first.' });
    await eventually(async () => expect(await row()).toMatchObject({ pictureStatus: 'moved', movedViewVersion: 1 }));
    await database.orm.update(cameras).set({ viewVersion: 2 }).where(eq(cameras.id, v.cameraId));
    sampled({ pictureStatus: 'learning', pictureReason: null });
    await eventually(async () => expect(await row()).toMatchObject({ pictureStatus: 'learning', movedViewVersion: 1 }));
  });

  it('frames that are the same to the last digit are a frozen picture; the first other one ends that', async () => {
    await watch.start();
    await frames(3);
    await becomes('good');
    await pass(15, () => sampled({ meanLuma: 97.25 }));
    expect(await state()).toBe('good');
    await pass(3, () => sampled({ meanLuma: 97.25 }));
    await becomes('online');
    expect((await row())?.reason).toBe('The picture is frozen: frames come, and nothing in them changes.');
    await frames(1);
    await becomes('good');
  });

  it('an ONVIF camera is good only with its clock known and right', async () => {
    await database.orm.update(cameras).set({ protocol: 'onvif' }).where(eq(cameras.id, v.cameraId));
    sampled();
    await becomes('online');
    watch.clockMeasured(v.cameraId, 900);
    await becomes('good');
    watch.clockMeasured(v.cameraId, -61_000);
    await becomes('online');
    expect(await row()).toMatchObject({ reason: "The camera's clock is 61 s behind.", clockSkewMs: -61_000 });
  });

  it('probes count for a camera that does not run, and work without being started', async () => {
    watch.probed(v.cameraId, 'answering', 'The camera refused the password.');
    await becomes('answering');
    watch.probed(v.cameraId, 'online', null);
    await becomes('online');
    watch.probed(newId(), 'online', null); // not in the inventory: nothing is written
    watch.probed(v.cameraId, 'unreachable', 'No answer.');
    await becomes('unreachable');
    expect(await told()).toEqual(['answering', 'online', 'unreachable']);
    expect(await database.orm.select().from(cameraStatus)).toHaveLength(1);
  });

  it('the next worker goes on where the last one stopped', async () => {
    await frames(3);
    await becomes('good');
    const since = (await row())?.since;
    watch.runEnded(v.cameraId, end('stopped'), null);
    watch.released(v.cameraId);
    await watch.close();
    const next = build();
    next.runStarted(v.cameraId, newId());
    await pass(4);
    sampled({}, next);
    await clock.advance(1_000);
    await next.close();
    expect(await row()).toMatchObject({ state: 'good', since });
    expect(await told()).toEqual(['good']);
  });

  it('marks cameras of a worker that is gone, once, however many look', async () => {
    await frames(3);
    await becomes('good');
    await watch.close();
    await pass(60);
    const [a, b] = [build(), build()];
    await Promise.all([a.start(), b.start()]);
    expect(await row()).toMatchObject({ state: 'authenticated', reason: 'No frame has come; no worker reports on the camera.' });
    expect(await told()).toEqual(['good', 'authenticated']);
    expect(await metrics.registry.getSingleMetricAsString('hedgerow_cameras')).toContain('hedgerow_cameras{state="authenticated"} 1');
  });

  it('puts right what another worker marked while the frame times did not get through', async () => {
    await watch.start();
    await frames(3);
    await becomes('good');
    await database.orm.update(cameraStatus).set({ state: 'authenticated', reason: 'marked' }).where(eq(cameraStatus.cameraId, v.cameraId));
    await frames(7);
    await becomes('good');
    expect((await row())?.reason).toBeNull();
  });

  it('a slow camera, and one that still reports, are left alone', async () => {
    await database.orm.update(cameras).set({ sampleIntervalMs: 60_000 }).where(eq(cameras.id, v.cameraId));
    sampled();
    await becomes('good');
    await watch.close();
    await pass(100);
    await build().start();
    expect(await state()).toBe('good');
    // A slow database lets the sweep fall behind the simulated seconds: pass as many as it takes, within two minutes.
    for (let s = 0; s < 120 && (await state()) === 'good'; s++) await pass(1);
    expect(await state()).toBe('authenticated');
  });

  it('writes the newest state when the database is back', async () => {
    let away = true;
    const flaky: Database = { ...database, transaction: (work) => (away ? Promise.reject(new HedgerowError('database.unavailable', 'away')) : database.transaction(work)) };
    const patient = build(flaky);
    await patient.start();
    sampled({}, patient);
    await pass(5);
    patient.runEnded(v.cameraId, end('unreachable'), 1);
    patient.runEnded(v.cameraId, end('unreachable'), 1);
    await pass(3);
    expect(await row()).toBeUndefined();
    away = false;
    await pass(2);
    await becomes('unreachable');
    expect(await told()).toEqual(['unreachable']);
  });

  it('many cameras at once', async () => {
    const ids = Array.from({ length: 60 }, () => newId());
    for (const id of ids) await addCamera(database, v.siteId, id);
    await watch.start();
    for (const cameraId of ids) watch.sampled({ ...sampleOf(v, clock.nowMs(), []), cameraId });
    await eventually(async () => expect(await database.orm.select().from(cameraStatus).where(inArray(cameraStatus.cameraId, ids))).toHaveLength(60), 20_000);
    await pass(1);
    const lastMs = clock.nowMs();
    for (const cameraId of ids) watch.sampled({ ...sampleOf(v, clock.nowMs(), []), cameraId });
    await pass(5);
    await eventually(async () => expect((await row(ids[59]))?.lastFrameAt).toEqual(new Date(lastMs)));
    expect(await told()).toHaveLength(60);
  });
});
