import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { planesOf } from '../../src/simulate/content/yuv.js';
import { demoSituations } from '../../src/simulate/demo-situations.js';
import { createScene } from '../../src/simulate/scene/places/index.js';
import { createSceneRenderer, type SceneRenderer } from '../../src/simulate/scene/renderer.js';
import { situationNames, situationSchema, standingAt, type Cue, type Situation } from '../../src/simulate/scene/situation.js';
import { createStage, type StageObject } from '../../src/simulate/scene/stage.js';
import type { Yuv } from '../../src/simulate/content/yuv.js';
import { bareDevice, type BareDevice } from './support/bare-device.js';
import { meanLuma, pull, type Seen } from './support/frames.js';
import { hurriedClock } from './support/village.js';

const scene = createScene(0, 3);
let renderer: SceneRenderer;
beforeAll(async () => {
  renderer = await createSceneRenderer({ ...scene, actors: [] }, { seed: 3 });
});

async function played(script: readonly Cue[], second: number, seed = 3): Promise<{ picture: Yuv; objects: StageObject[] }> {
  const picture = await renderer.picture(Math.round(second * 5));
  const objects = await createStage({ view: scene.view, seed, watermark: false }).play(picture, standingAt(script, second), second);
  return { picture, objects };
}

const mean = (data: Uint8Array): number => data.reduce((sum, v) => sum + v, 0) / data.length;
const apart = (a: Yuv, b: Yuv): number => a.data.reduce((n, v, i) => n + (Math.abs(v - (b.data[i] as number)) > 8 ? 1 : 0), 0) / a.data.length;

describe('situations', () => {
  it('are the same byte for byte with the same seed and second, and all of them go together', async () => {
    const script: Cue[] = situationNames.map((fault) => ({ situation: { fault } }));
    const [a, b, c] = [await played(script, 17.4), await played(script, 17.4), await played(script, 17.4, 4)];
    expect(Buffer.compare(a.picture.data, b.picture.data)).toBe(0);
    expect(Buffer.compare(a.picture.data, c.picture.data)).not.toBe(0);
    expect(a.objects.map((o) => o.class).filter((cls) => cls === 'vehicle')).toHaveLength(1);
    expect(a.objects).toHaveLength(1 + 1 + 1 + 9);
  });

  it.each(situationNames)('%s is seen, and ends', async (fault) => {
    const script: Cue[] = [{ situation: { fault }, untilSecond: 40 }];
    const during = await played(script, 22.4);
    const empty = await played([], 22.4);
    expect(apart(during.picture, empty.picture)).toBeGreaterThan(0.002);
    expect(apart((await played(script, 41)).picture, (await played([], 41)).picture)).toBe(0);
  });

  it('stay still for half an hour of the scene’s time, which no clock makes', async () => {
    const script: Cue[] = [{ situation: { fault: 'stand' }, fromSecond: 30, untilSecond: 1860 }];
    const where = async (second: number): Promise<number | undefined> => (await played(script, second)).objects[0]?.sprite.leftPx;
    expect(await where(29)).toBeUndefined();
    const arriving = [await where(31), await where(33)] as [number, number];
    expect(Math.abs(arriving[1] - arriving[0])).toBeGreaterThan(60);
    const stood = (await where(60)) as number;
    for (const second of [130, 777, 1333, 1840]) expect(Math.abs(((await where(second)) as number) - stood)).toBeLessThan(6);
    expect(Math.abs(((await where(1858)) as number) - stood)).toBeGreaterThan(60);
    expect(await where(1861)).toBeUndefined();
  });

  it('change light in their own way', async () => {
    const luma = async (situation: Cue['situation'], second = 22): Promise<number> => mean(planesOf((await played([{ situation }], second)).picture)[0].data);
    const plain = mean(planesOf((await played([], 22)).picture)[0].data);
    expect(await luma({ fault: 'light' })).toBeLessThan(plain * 0.8);
    expect(await luma({ fault: 'light', everySeconds: 4 })).toBeCloseTo(plain, 5);
    expect(await luma({ fault: 'light', everySeconds: 4 }, 25)).toBeLessThan(plain * 0.8);
    expect(await luma({ fault: 'pumping', periodSeconds: 8 }, 26)).toBeGreaterThan((await luma({ fault: 'pumping', periodSeconds: 8 }, 22)) + 20);
    const grey = planesOf((await played([{ situation: { fault: 'infrared' } }], 22)).picture);
    expect([...new Set([...grey[1].data, ...grey[2].data])]).toEqual([128]);
  });

  it('bend a near tree and nothing else', async () => {
    const at = (reachPx: number, second: number): Promise<{ picture: Yuv }> => played([{ situation: { fault: 'sway', reachPx } }], second);
    const moved = apart((await at(20, 22.4)).picture, (await at(0, 22.4)).picture);
    expect(moved).toBeGreaterThan(0.001);
    expect(moved).toBeLessThan(0.2);
  });

  it('of the demo are situations, and stir in none of the first four cameras', () => {
    for (let i = 0; i < 12; i++) for (const input of demoSituations(i)) expect(situationSchema.safeParse(input).success).toBe(true);
    const still: Situation['fault'][] = ['park', 'bench', 'sleep', 'stand'];
    for (let i = 0; i < 4; i++) for (const input of demoSituations(i)) expect(still).toContain(input.fault);
  });
});

describe('situations by the control port', () => {
  let device: BareDevice;
  const clock = hurriedClock(4);
  beforeAll(async () => {
    device = await bareDevice({ clock });
  });
  afterEach(() => device.apply({ fault: 'clear' }));
  afterAll(() => device.close());
  const look = async (until: (seen: Seen) => boolean): Promise<Seen> => (await pull(device.camera, { keyFrames: 30, keyOnly: true, until })).frames.at(-1) as Seen;

  it('light is switched and back; nobody can be put into a file', async () => {
    const before = meanLuma(await look(() => true));
    await device.apply({ fault: 'light', level: 0.3, uneven: 0 });
    expect(meanLuma(await look((seen) => meanLuma(seen) < 50))).toBeLessThan(50);
    await device.apply({ fault: 'light', on: false });
    expect(before).toBeGreaterThan(50);
    expect(meanLuma(await look((seen) => meanLuma(seen) > 50))).toBeGreaterThan(50);
    await expect(device.apply({ fault: 'stand' })).rejects.toMatchObject({ code: 'simulate.fault' });
  });

  it('reboot: the stream ends, comes back black, and then as it was', async () => {
    await device.apply({ fault: 'reboot', downSeconds: 2, firstSeconds: 60 });
    await expect(pull(device.camera, { keyFrames: 1, keyOnly: true })).rejects.toThrow();
    const again = async (tries = 40): Promise<Seen> => {
      try {
        return await look(() => true);
      } catch (thrown) {
        if (tries === 0) throw thrown;
        await clock.sleep(400);
        return again(tries - 1);
      }
    };
    expect(meanLuma(await again())).toBeLessThan(24);
    await device.apply({ fault: 'reboot', on: false });
    expect(meanLuma(await look((seen) => meanLuma(seen) > 50))).toBeGreaterThan(50);
  });
});
