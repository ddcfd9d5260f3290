import { describe, expect, it } from 'vitest';
import { createPendingWrites } from '../../src/alert/pending-writes.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { silentLog } from '../support/databases.js';

function setUp(limit = 5) {
  const clock = new SimulatedClock();
  const database = { up: true };
  const written: string[] = [];
  const bad = new Set<string>();
  const pending = createPendingWrites({ limit, probe: () => (database.up ? Promise.resolve() : Promise.reject(new Error('away'))), clock, log: silentLog, random: () => 0.5 });
  const submit = (name: string) =>
    pending.submit(name, () => {
      if (!database.up || bad.has(name)) return Promise.reject(new Error('no'));
      written.push(name);
      return Promise.resolve();
    });
  return { clock, database, written, bad, pending, submit };
}

describe('writes that wait for the database', () => {
  it('are done at once while it answers, and in order once it is back', async () => {
    const { clock, database, written, pending, submit } = setUp();
    expect(await submit('a')).toBe('done');
    database.up = false;
    for (const name of ['b', 'c', 'd']) expect(await submit(name)).toBe('waiting');
    await clock.advance(60_000);
    expect(pending.waiting).toBe(3);
    database.up = true;
    expect(await submit('e')).toBe('waiting'); // not before those that wait
    await clock.advance(15_000);
    expect(written).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('one that the database refuses holds up nobody', async () => {
    const { clock, written, bad, pending, submit } = setUp();
    bad.add('poison');
    expect(await submit('poison')).toBe('waiting');
    for (const name of ['a', 'b']) await submit(name);
    await clock.advance(60_000);
    expect(written).toEqual(['a', 'b']);
    expect(pending.waiting).toBe(1);
    bad.clear();
    await clock.advance(15_000);
    expect(written).toEqual(['a', 'b', 'poison']);
  });

  it('are bounded: what does not fit is said so, and not half kept', async () => {
    const { clock, database, written, submit } = setUp(2);
    database.up = false;
    expect([await submit('a'), await submit('b'), await submit('c')]).toEqual(['waiting', 'waiting', 'full']);
    database.up = true;
    await clock.advance(15_000);
    expect(written).toEqual(['a', 'b']);
  });

  it('are tried once more at the stop, which says what is lost', async () => {
    const { clock, database, written, pending, submit } = setUp();
    database.up = false;
    await submit('a');
    await submit('b');
    database.up = true;
    expect(await pending.close()).toBe(0);
    expect(written).toEqual(['a', 'b']);
    expect(clock.pendingTimers).toBe(0);
    const lost = setUp();
    lost.database.up = false;
    await lost.submit('x');
    expect(await lost.pending.close()).toBe(1);
  });
});
