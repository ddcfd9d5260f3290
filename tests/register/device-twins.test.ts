/** When a device counts as registered already. Servers on one host share its MAC; a copied configuration shares a serial number. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameras } from '../../src/db/schema/register.js';
import type { CameraRow } from '../../src/register/camera-rows.js';
import { twinOf, type Identity } from '../../src/register/device-twins.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

let bench: RegisterBench;
/** on the same host, at another port; and at another address */
let second: CameraRow;
let moved: CameraRow;
const first: Identity = { endpointReference: 'urn:uuid:a', serialNumber: 'S1', manufacturer: 'Maker', macAddress: '02:00:00:00:00:01' };

async function rowOf(id: string): Promise<CameraRow> {
  const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, id));
  if (!row) throw new Error('no such row');
  return row;
}

beforeAll(async () => {
  bench = await openRegisterBench();
  const { id: siteId } = await bench.registry.createSite(newSite('Village'), admin);
  const known = await bench.registry.createCamera(newCameraInput(siteId, 'Known', 'http://10.0.0.1:8090/onvif/device_service'), admin);
  await bench.database.orm.update(cameras).set(first).where(eq(cameras.id, known.id));
  second = await rowOf((await bench.registry.createCamera(newCameraInput(siteId, 'Second', 'http://10.0.0.1:1000/onvif/device_service'), admin)).id);
  moved = await rowOf((await bench.registry.createCamera(newCameraInput(siteId, 'Moved', 'http://10.0.0.2:8090/onvif/device_service'), admin)).id);
});
afterAll(() => bench.close());

describe('a device on another row', () => {
  const seen = '"Known" (http://10.0.0.1:8090/onvif/device_service)';
  it.each<[string, Partial<Identity>, string | null]>([
    ['has the endpoint reference', { serialNumber: null, macAddress: null }, seen],
    ['has the serial number of its maker, and tells no endpoint reference', { endpointReference: null, macAddress: null }, seen],
    ['has the MAC of the host, and tells nothing else', { endpointReference: null, serialNumber: null }, null],
    ['shares the MAC and has another serial number (two servers on one host)', { endpointReference: null, serialNumber: 'S2' }, null],
    ['shares the MAC and has another maker', { endpointReference: null, manufacturer: 'Other' }, null],
    ['shares serial number and MAC and has another endpoint reference (channels of a recorder)', { endpointReference: 'urn:uuid:b' }, null],
    ['tells nothing', { endpointReference: null, serialNumber: null, macAddress: null }, null],
  ])('%s', async (_name, more, twin) => {
    expect(await twinOf(bench.database, second, { ...first, ...more })).toBe(twin);
  });

  it('has the MAC at another address, and tells nothing else', async () => {
    expect(await twinOf(bench.database, moved, { ...first, endpointReference: null, serialNumber: null })).toBe(seen);
    expect(await twinOf(bench.database, moved, { ...first, endpointReference: null, serialNumber: 'S2' })).toBeNull();
  });
});
