/** The event log: order, no gaps, catching up, pruning; on both databases. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { NewStreamEvent, StreamEvent } from '../../src/contract/events.js';
import { SystemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog, type RunningEventLog } from '../../src/db/event-log.js';
import { events as table } from '../../src/db/schema/index.js';
import { eachDatabase, silentLog } from '../support/databases.js';

const real = new SystemClock();
const siteId = newId();
const registered = (id = newId()): NewStreamEvent => ({ type: 'camera.registered', siteId, data: { id } });

describe.each(eachDatabase())('event log on $name', ({ open }) => {
  let database: Database;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  async function started(): Promise<RunningEventLog> {
    const log = createEventLog({ database, clock: real, log: silentLog });
    onTestFinished(() => log.close());
    await log.start();
    return log;
  }

  it('hands live events to subscribers, in order, from the moment on', async () => {
    const log = await started();
    await log.append(registered());
    const seen: StreamEvent[] = [];
    await until(async () => (await log.latestSeq()) > 0);
    await real.sleep(50);
    const stop = log.subscribe((event) => seen.push(event));
    const ids = Array.from({ length: 20 }, () => newId());
    for (const id of ids) await log.append(registered(id));
    await until(() => seen.length === 20);
    expect(seen.map((event) => (event.data as { id: string }).id)).toEqual(ids);
    expect(seen.map((event) => event.seq)).toEqual([...seen.map((event) => event.seq)].sort((a, b) => a - b));
    stop();
    await log.append(registered());
    await real.sleep(100);
    expect(seen).toHaveLength(20);
  });

  it('stands or falls with the transaction of the change', async () => {
    const log = await started();
    const before = await log.latestSeq();
    await database
      .transaction(async (tx) => {
        await log.append(registered(), tx);
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(await log.after(before, 10)).toEqual([]);
    const id = newId();
    await database.transaction((tx) => log.append(registered(id), tx));
    expect((await log.after(before, 10)).map((event) => event.data)).toEqual([{ id }]);
  });

  it('loses nothing when many append at once, some slowly: another process sees every event, in order', async () => {
    const [writer, reader] = [await started(), await started()];
    const seen: StreamEvent[] = [];
    reader.subscribe((event) => seen.push(event));
    const ids = Array.from({ length: 60 }, () => newId());
    await Promise.all(
      ids.map((id, i) =>
        database.transaction(async (tx) => {
          await writer.append(registered(id), tx);
          if (i % 7 === 0 && database.kind === 'postgres') await real.sleep(15);
        }),
      ),
    );
    await until(() => seen.length >= 60);
    expect(seen.map((event) => (event.data as { id: string }).id).sort()).toEqual([...ids].sort());
    for (let i = 1; i < seen.length; i++) expect(seen[i]?.seq).toBeGreaterThan(seen[i - 1]?.seq ?? Infinity);
    expect(await reader.after(seen[29]?.seq ?? 0, 500)).toEqual(seen.slice(30));
  });

  it('pages through what was missed', async () => {
    const log = await started();
    const from = await log.latestSeq();
    for (let i = 0; i < 5; i++) await log.append(registered());
    const first = await log.after(from, 3);
    const second = await log.after(first.at(-1)?.seq ?? 0, 3);
    expect([first.length, second.length]).toEqual([3, 2]);
  });

  it('goes on when a subscriber throws', async () => {
    const log = await started();
    let heard = 0;
    log.subscribe(() => {
      throw new Error('broken page');
    });
    log.subscribe(() => void heard++);
    await log.append(registered());
    await log.append(registered());
    await until(() => heard === 2);
  });

  it('skips a row of a form that it does not know', async () => {
    const log = await started();
    const from = await log.latestSeq();
    await database.orm.insert(table).values({ at: new Date(), siteId, type: 'face.matched', data: {} });
    await log.append(registered());
    expect(await log.after(from, 10)).toHaveLength(1);
  });

  it('prunes what is older than a day, and the numbers go on', async () => {
    const clock = new SimulatedClock(Date.now());
    const log = createEventLog({ database, clock, log: silentLog });
    await log.append(registered());
    const last = await log.latestSeq();
    clock.jump(23 * 3_600_000);
    expect(await log.prune()).toBe(0);
    clock.jump(2 * 3_600_000);
    expect(await log.prune()).toBeGreaterThan(0);
    expect(await log.after(0, 10)).toEqual([]);
    await log.append(registered());
    expect(await log.latestSeq()).toBeGreaterThan(last);
    await log.close();
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return;
    await real.sleep(10);
  }
  throw new Error('what was waited for did not happen');
}
