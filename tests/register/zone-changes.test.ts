/** Changing a zone: judged like a new one, told to whoever runs the camera, and in the ledger. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewPlace } from '../../src/contract/site.js';
import { zonePatch, zonePolygon, type Zone } from '../../src/contract/zone.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createCameraDirectory } from '../../src/register/camera-directory.js';
import { admin, newCameraInput, newSite, openRegisterBench, startMs, type RegisterBench } from './register-bench.js';

let bench: RegisterBench;
let siteId = '';
let cameraId = '';
let wellId = '';
const square: Zone['polygon'] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]];
const smaller: Zone['polygon'] = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]];

beforeAll(async () => {
  bench = await openRegisterBench();
  siteId = (await bench.registry.createSite(newSite('Zones'), admin)).id;
  cameraId = (await bench.registry.createCamera(newCameraInput(siteId, 'Zoned', '10.0.0.61'), admin)).id;
  wellId = await place('well');
}, 60_000);
afterAll(() => bench.close());

async function place(kind: NewPlace['kind'], on = siteId, consent: NewPlace['consent'] = null): Promise<string> {
  return (await bench.registry.createPlace({ siteId: on, kind, name: `a ${kind}`, position: null, consent }, admin)).id;
}
const made = (kind: Zone['kind'], placeId: string | null): Promise<Zone> => bench.registry.createZone({ cameraId, kind, name: `${kind} zone`, polygon: square, placeId }, admin);
const entriesOf = async (zoneId: string) => (await bench.ledger.entries({ limit: 500 })).items.filter((e) => e.objectId === zoneId && e.action === 'zone.update').sort((a, b) => a.seq - b.seq);

describe('changing a zone', () => {
  it('keeps what the patch does not name, and says in the ledger what was there before', async () => {
    const zone = await made('privacy', null);
    const changed = await bench.registry.updateZone(zone.id, { polygon: smaller }, admin);
    expect(changed).toEqual({ ...zone, polygon: smaller });
    expect(await bench.registry.zone(zone.id)).toEqual(changed);
    expect(await bench.registry.updateZone(zone.id, { name: 'Yard' }, admin)).toEqual({ ...changed, name: 'Yard' });
    const [shape, name] = await entriesOf(zone.id);
    expect(shape).toMatchObject({ outcome: 'ok', details: { kind: 'privacy', points: 3, polygonBefore: JSON.stringify(square), polygon: JSON.stringify(smaller) } });
    expect(name).toMatchObject({ outcome: 'ok', details: { nameBefore: 'privacy zone', name: 'Yard' } });
  });

  it('never lets a guard zone go to no place, another site, a kept-free place or an ended consent; each refusal is in the ledger', async () => {
    const zone = await made('guard', wellId);
    const elsewhere = (await bench.registry.createSite(newSite('Elsewhere'), admin)).id;
    const bad = [null, await place('well', elsewhere), await place('place-of-worship'), await place('dwelling'), await place('dwelling', siteId, { reference: 'file 8', until: '2026-05-31' })];
    for (const placeId of bad) await expect(bench.registry.updateZone(zone.id, { placeId }, admin)).rejects.toMatchObject({ code: 'zone.place', kind: 'boundary' });
    expect(await bench.registry.zone(zone.id)).toEqual(zone);
    const refused = await entriesOf(zone.id);
    expect(refused.map((e) => e.outcome)).toEqual(bad.map(() => 'refused'));
    expect(refused.map((e) => (e.details as { placeId: string | null }).placeId)).toEqual(bad);
    const store = await place('store');
    await expect(bench.registry.updateZone(zone.id, { placeId: store }, admin)).resolves.toMatchObject({ placeId: store });
  });

  it('refuses another shape once the consent for a dwelling has ended', async () => {
    const clock = new SimulatedClock(startMs);
    const other = await openRegisterBench({ clock });
    try {
      const site = (await other.registry.createSite(newSite('Later'), admin)).id;
      const camera = (await other.registry.createCamera(newCameraInput(site, 'C', '10.0.0.62'), admin)).id;
      const home = await other.registry.createPlace({ siteId: site, kind: 'dwelling', name: 'house', position: null, consent: { reference: 'file 8', until: '2026-06-02' } }, admin);
      const zone = await other.registry.createZone({ cameraId: camera, kind: 'guard', name: 'door', polygon: square, placeId: home.id }, admin);
      await expect(other.registry.updateZone(zone.id, { polygon: smaller }, admin)).resolves.toMatchObject({ polygon: smaller });
      await clock.advance(3 * 86_400_000);
      await expect(other.registry.updateZone(zone.id, { polygon: square }, admin)).rejects.toMatchObject({ code: 'zone.place' });
    } finally {
      await other.close();
    }
  }, 30_000);

  it('takes only usable polygons, and leaves the old one otherwise', async () => {
    const zone = await made('ignore', null);
    await expect(bench.registry.updateZone(zone.id, { polygon: [[0, 0], [1, 1], [1, 0], [0, 1]] }, admin)).rejects.toMatchObject({ code: 'zone.invalid' });
    await expect(bench.registry.updateZone('nope', { name: 'x' }, admin)).rejects.toMatchObject({ code: 'zone.unknown' });
    const point = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(point, { maxLength: 7 }), async (polygon) => {
        const fits = zonePolygon.safeParse(polygon).success;
        await bench.registry.updateZone(zone.id, { polygon }, admin).then(
          () => expect(fits).toBe(true),
          (thrown: unknown) => expect([fits, (thrown as { code: string }).code]).toEqual([false, 'zone.invalid']),
        );
        expect(zonePolygon.safeParse((await bench.registry.zone(zone.id)).polygon).success).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('reaches whoever runs the camera without a new run', async () => {
    const directory = createCameraDirectory(bench);
    try {
      const zone = await made('privacy', null);
      const before = await directory.view(cameraId);
      await bench.registry.updateZone(zone.id, { polygon: smaller }, admin);
      await expect.poll(async () => (await directory.view(cameraId)).zones.find((z) => z.id === zone.id)?.polygon, { timeout: 10_000 }).toEqual(smaller);
      const after = await directory.view(cameraId);
      expect([after.configVersion, after.viewVersion]).toEqual([before.configVersion, before.viewVersion]);
    } finally {
      await directory.close();
    }
  });

  it('goes with its camera', async () => {
    const camera = await bench.registry.createCamera(newCameraInput(siteId, 'Gone', '10.0.0.63'), admin);
    const zone = await bench.registry.createZone({ cameraId: camera.id, kind: 'privacy', name: 'p', polygon: square, placeId: null }, admin);
    await bench.registry.removeCamera(camera.id, admin);
    await expect(bench.registry.updateZone(zone.id, { name: 'x' }, admin)).rejects.toMatchObject({ code: 'zone.unknown' });
  });

  it('names something to change', () => {
    expect(zonePatch.safeParse({}).success).toBe(false);
    expect(zonePatch.safeParse({ kind: 'guard' }).success).toBe(false);
    expect(zonePatch.parse({ placeId: null })).toEqual({ placeId: null });
  });
});
