/** DESIGN.md 5.3: a picture that shows the nearest ground too densely is withheld, at the sample after the pose is known; receipts tell the density. */
import { describe, expect, it } from 'vitest';
import { createAnalyst } from '../../src/analyse/analyst.js';
import type { Sample } from '../../src/contract/analysis.js';
import type { CameraView } from '../../src/contract/registry.js';
import { groundDensity } from '../../src/core/ground-density.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { config, draw, frameOf, heightPx, scriptedDetector, view, widthPx } from './drawn-scene.js';

const far = { mountHeightM: 4, tiltDeg: 20, horizontalFovDeg: 70 };
const near = { ...far, mountHeightM: 0.3 };

async function learned() {
  const clock = new SimulatedClock();
  const analyst = createAnalyst({ config, detector: scriptedDetector(), clock, log: createLogger('silent'), metrics: createMetrics() });
  let sequence = 0;
  const sample = async (of: CameraView): Promise<Sample> => {
    const taken = await analyst.analyse(frameOf(draw({ seed: sequence }), sequence++), of, () => true);
    await clock.advance(1000);
    if (taken === 'dropped') throw new Error('dropped');
    return taken;
  };
  for (let i = 0; i < 20; i++) await sample(view);
  return sample;
}

describe('the density ceiling', () => {
  it('withholds from the very sample on that knows a pose that is too near, says why, and still judges', async () => {
    const sample = await learned();
    expect((await sample(view)).picture.status).toBe('made');
    const dense = await sample({ ...view, pose: near, configVersion: 2 });
    expect(dense).toMatchObject({ picture: { status: 'withheld', reason: 'too-dense' }, pictureStatus: 'withheld', detector: 'onnx' });
    expect(dense.pictureReason).toContain('pixels a metre');
    expect((await sample({ ...view, pose: far, configVersion: 3 })).picture.status).toBe('made');
  });

  it('writes the density of the nearest ground into the receipt, and null where it is not known', async () => {
    const sample = await learned();
    const receiptOf = async (of: CameraView): Promise<number | null | undefined> => {
      const { picture } = await sample(of);
      return picture.status === 'made' ? picture.picture.receipt.densityPxPerM : undefined;
    };
    expect(await receiptOf(view)).toBeNull();
    expect(await receiptOf({ ...view, pose: { ...far, tiltDeg: null } })).toBeNull();
    expect(await receiptOf({ ...view, pose: far })).toBeCloseTo(groundDensity(far, widthPx, heightPx) ?? -1, 2);
  });
});
