import { describe, expect, it } from 'vitest';
import { Shutdown } from '../../src/core/shutdown.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';

function start() {
  const lines: object[] = [];
  const clock = new SimulatedClock();
  const record = (context: object): void => void lines.push(context);
  return { clock, lines, shutdown: new Shutdown(clock, { info: record, error: record }) };
}

describe('Shutdown', () => {
  it('aborts the signal first and closes in reverse, once', async () => {
    const { shutdown } = start();
    const order: string[] = [];
    shutdown.signal.addEventListener('abort', () => order.push('signal'));
    for (const name of ['a', 'b', 'c']) shutdown.onClose(name, () => void order.push(name));
    await Promise.all([shutdown.close('test'), shutdown.close('again')]);
    expect(order).toEqual(['signal', 'c', 'b', 'a']);
  });

  it('goes on after one that fails', async () => {
    const { shutdown, lines } = start();
    let closed = false;
    shutdown.onClose('good', () => void (closed = true));
    shutdown.onClose('bad', () => Promise.reject(new Error('no')));
    await shutdown.close('test');
    expect(closed).toBe(true);
    expect(lines).toContainEqual({ closing: 'bad', error: 'no' });
  });

  it('says what it waits for, and gives up on what never ends', async () => {
    const { shutdown, lines, clock } = start();
    let closed = false;
    shutdown.onClose('good', () => void (closed = true));
    shutdown.onClose('stuck', () => new Promise<void>(() => undefined));
    const done = shutdown.close('test', 5000);
    await clock.advance(1000);
    expect(lines).toEqual([{ waitingFor: 'stuck' }]);
    await clock.advance(4000);
    await done;
    expect(closed).toBe(true);
    expect(lines).toContainEqual({ gaveUpOn: 'stuck', afterMs: 5000 });
  });
});
