import { describe, expect, it } from 'vitest';
import { createSamplePath } from '../../src/app/sample-path.js';
import type { Frame } from '../../src/contract/frame.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import type { Logger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';

const frameOf = (cameraId: string, sequence: number): Frame => ({ cameraId, runId: 'run', sequence, widthPx: 2, heightPx: 2, rgb: new Uint8Array(12), capturedAtMs: null, receivedAtMs: 0 });
const unused = (): never => {
  throw new Error('not reached');
};

describe('the way of a sample', () => {
  it('tells trouble that lasts once a minute and camera, with the number of samples that it cost', async () => {
    const clock = new SimulatedClock(Date.UTC(2026, 0, 1));
    const lines: { cameraId: string; samples: number }[] = [];
    const log: Logger = { debug: unused, info: unused, error: unused, child: unused, warn: (context) => void lines.push(context as never) };
    const path = createSamplePath({
      directory: { runnable: unused, target: unused, view: () => Promise.reject(new HedgerowError('database.unavailable', 'The database is away.')) },
      analyst: { analyse: unused, forget: () => undefined },
      engine: { wouldRaise: unused, reelWanted: unused, observe: unused, input: unused, refresh: unused },
      pictures: { save: unused, pictures: unused, picture: unused, bytes: unused },
      observations: { record: unused, observations: unused },
      reports: { probed: unused, runStarted: unused, runEnded: unused, sampled: unused, clockMeasured: unused, released: () => undefined },
      takers: [],
      clock,
      log,
      metrics: createMetrics(),
    });
    for (let second = 0; second < 150; second++) {
      for (const cameraId of ['one', 'two']) path.accept(frameOf(cameraId, second));
      await path.drain();
      await clock.advance(1_000);
    }
    expect(lines.filter((l) => l.cameraId === 'one').map((l) => l.samples)).toEqual([1, 60, 60]);
    expect(lines).toHaveLength(6);
    path.forget('one');
    path.accept(frameOf('one', 0));
    await path.drain();
    expect(lines.at(-1)).toMatchObject({ cameraId: 'one', samples: 1 });
  });
});
