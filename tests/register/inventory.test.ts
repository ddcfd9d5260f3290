import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../src/contract/principal.js';
import { cameras } from '../../src/db/schema/register.js';
import { pictures } from '../../src/db/schema/store.js';
import { cameraStatus } from '../../src/db/schema/watch.js';
import { queueJobs } from '../../src/db/schema/platform.js';
import { newId } from '../../src/core/ids.js';
import { admin, newCameraInput, newSite, openRegisterBench, startMs, type RegisterBench } from './register-bench.js';

let bench: RegisterBench;
let siteId: string;
let otherSiteId: string;

beforeAll(async () => {
  bench = await openRegisterBench();
  siteId = (await bench.registry.createSite(newSite('Lower Orchard'), admin)).id;
  otherSiteId = (await bench.registry.createSite(newSite('Upper Orchard'), admin)).id;
});
afterAll(() => bench.close());

describe('sites', () => {
  it('refuses a second site of the same name', async () => {
    await expect(bench.registry.createSite(newSite('Lower Orchard'), admin)).rejects.toMatchObject({ code: 'site.exists' });
  });

  it('answers only the sites in scope, and knows no made-up id', async () => {
    const { items } = await bench.registry.sites([otherSiteId], { limit: 10 });
    expect(items.map((s) => s.name)).toEqual(['Upper Orchard']);
    expect((await bench.registry.sites([], { limit: 10 })).items).toEqual([]);
    await expect(bench.registry.site('not-an-id')).rejects.toMatchObject({ code: 'site.unknown' });
  });
});

describe('cameras', () => {
  it('seals the password, takes credentials out of the address, and queues onboarding', async () => {
    const camera = await bench.registry.createCamera(newCameraInput(siteId, 'Pump house', 'rtsp://keeper:s%40fe-Wort-17@10.0.0.5:554/sub?x=1'), admin);
    expect(camera).toMatchObject({ protocol: 'rtsp', address: 'rtsp://10.0.0.5/sub?x=1', username: 'keeper', hasPassword: true, state: 'unreachable', pictureStatus: 'none' });
    const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, camera.id));
    expect(bench.sealer.open(row?.sealedPassword ?? '', `camera:${camera.id}`)).toBe('s@fe-Wort-17');
    expect(JSON.stringify([camera, row, await bench.ledger.entries({ limit: 100 }), bench.lines, await bench.events.after(0, 100)])).not.toMatch(/s@fe-Wort-17|s%40fe/);
    const jobs = await bench.database.orm.select().from(queueJobs);
    expect(jobs.map((j) => j.job)).toContainEqual({ name: 'camera.onboard', cameraId: camera.id });
    expect((await bench.events.after(0, 100)).some((e) => e.type === 'camera.registered' && e.data.id === camera.id)).toBe(true);
  });

  it('refuses the same address and the same name on one site, and takes both on another', async () => {
    await expect(bench.registry.createCamera(newCameraInput(siteId, 'Another', 'rtsp://10.0.0.5/sub?x=1'), admin)).rejects.toMatchObject({ code: 'camera.exists' });
    await expect(bench.registry.createCamera(newCameraInput(siteId, 'PUMP house', 'rtsp://10.0.0.6/sub'), admin)).rejects.toMatchObject({ code: 'camera.exists' });
    await expect(bench.registry.createCamera(newCameraInput(otherSiteId, 'Pump house', 'rtsp://10.0.0.5/sub?x=1'), admin)).resolves.toMatchObject({ siteId: otherSiteId });
  });

  it('registers the same address once when two people do it at once', async () => {
    const both = await Promise.allSettled(['A1', 'A2'].map((name) => bench.registry.createCamera(newCameraInput(siteId, name, '10.0.0.77'), admin)));
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each(['purpose', 'owner', 'legalBasis', 'reviewOn'] as const)('does not register without %s', async (field) => {
    const input = { ...newCameraInput(siteId, `Without ${field}`, '10.0.0.9'), [field]: '' };
    await expect(bench.registry.createCamera(input, admin)).rejects.toMatchObject({ code: 'camera.incomplete', kind: 'boundary' });
  });

  it('writes down who it was so that no name can pass for another', async () => {
    const impostor: Principal = { id: 'token-7', name: 'system', kind: 'token', grants: admin.grants };
    await bench.registry.createCamera(newCameraInput(siteId, 'By a token', '10.0.0.70'), impostor);
    expect((await bench.ledger.entries({ limit: 1 })).items[0]).toMatchObject({ action: 'camera.create', actor: 'token:system token-7' });
  });

  it('does not take "security" for a purpose', async () => {
    await expect(bench.registry.createCamera(newCameraInput(siteId, 'Vague', '10.0.0.9', { purpose: 'Security' }), admin)).rejects.toMatchObject({ code: 'camera.incomplete' });
  });

  it('counts the configuration up for what a run must see, and for nothing else', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Depot gate', 'rtsp://10.0.0.8/a', { username: 'u', password: 'p1' }), admin);
    const version = async (): Promise<number> => (await bench.database.orm.select({ v: cameras.configVersion }).from(cameras).where(eq(cameras.id, id)))[0]?.v ?? -1;
    const steps: [object, number][] = [
      [{ name: 'Depot gate east' }, 0],
      [{ sampleIntervalMs: 2000 }, 1],
      // What decides how far the ground is decides how wide frames may be.
      [{ mountHeightM: 3.5, tiltDeg: 20 }, 1],
      [{ horizontalFovDeg: 80 }, 1],
      [{ azimuthDeg: 10, longitude: 117 }, 0],
      [{ password: 'p1' }, 0],
      [{ password: 'p2' }, 1],
      [{ address: 'rtsp://10.0.0.8:554/a' }, 0],
      [{ address: 'rtsp://10.0.0.8/b' }, 1],
      [{ enabled: false }, 1],
    ];
    for (const [patch, growth] of steps) {
      const before = await version();
      await bench.registry.updateCamera(id, patch, admin);
      expect([patch, (await version()) - before]).toEqual([patch, growth]);
    }
  });

  it('forgets the stream when the address changes, so that the camera must show a key frame again', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Moved', '10.0.0.30'), admin);
    await bench.database.orm.update(cameras).set({ streamUrl: 'rtsp://10.0.0.30/s', onboardedAt: new Date(startMs) }).where(eq(cameras.id, id));
    await bench.registry.updateCamera(id, { address: '10.0.0.31:8080' }, admin);
    const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, id));
    expect(row).toMatchObject({ address: 'http://10.0.0.31:8080/onvif/device_service', streamUrl: null, onboardedAt: null });
  });

  it('moves credentials of a changed address too, and takes them away when told', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Credentials', 'rtsp://10.0.0.33/s', { username: 'a', password: 'b' }), admin);
    expect(await bench.registry.updateCamera(id, { address: 'rtsp://c:d@10.0.0.33/s', username: null }, admin)).toMatchObject({ username: 'c', address: 'rtsp://10.0.0.33/s', hasPassword: true });
    expect(await bench.registry.updateCamera(id, { username: null, password: null }, admin)).toMatchObject({ username: null, hasPassword: false });
  });

  it('sends a stored password to no other host than the one that it was entered for', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Bound', 'rtsp://10.0.0.34/s', { username: 'a', password: 'b' }), admin);
    await expect(bench.registry.updateCamera(id, { address: 'rtsp://10.0.0.66/s' }, admin)).rejects.toMatchObject({ code: 'camera.address' });
    await expect(bench.registry.updateCamera(id, { address: 'rtsp://a@10.0.0.66/s', username: 'a' }, admin)).rejects.toMatchObject({ code: 'camera.address' });
    expect(await bench.registry.camera(id)).toMatchObject({ address: 'rtsp://10.0.0.34/s' });
    expect(await bench.registry.updateCamera(id, { address: 'rtsp://10.0.0.34:8554/other' }, admin)).toMatchObject({ hasPassword: true });
    expect(await bench.registry.updateCamera(id, { address: 'rtsp://10.0.0.66/s', password: 'again' }, admin)).toMatchObject({ address: 'rtsp://10.0.0.66/s', hasPassword: true });
    expect(await bench.registry.updateCamera(id, { address: 'rtsp://10.0.0.67/s', password: null }, admin)).toMatchObject({ hasPassword: false });
  });

  it('does not let a patch take the accountability away', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Keeps', '10.0.0.32'), admin);
    await expect(bench.registry.updateCamera(id, { purpose: 'cctv' }, admin)).rejects.toMatchObject({ code: 'camera.incomplete' });
  });

  it('says why an overdue camera does not run, in the time zone of its site', async () => {
    const last = await bench.registry.createCamera(newCameraInput(siteId, 'Last day', '10.0.0.40', { reviewOn: '2026-06-01' }), admin);
    const over = await bench.registry.createCamera(newCameraInput(siteId, 'Overdue', '10.0.0.41', { reviewOn: '2026-05-31' }), admin);
    expect(last.stateReason).toBe('It was not probed yet.');
    expect(over.stateReason).toMatch(/review date 2026-05-31 has passed/);
  });

  it('joins what watch and store wrote', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Seen', '10.0.0.42'), admin);
    const at = new Date(startMs - 5000);
    await bench.database.orm.insert(cameraStatus).values({ cameraId: id, siteId, state: 'good', since: at, reason: null, pictureStatus: 'ready', pictureReason: null, detector: 'onnx', lastFrameAt: at, clockSkewMs: 3, updatedAt: at });
    const picture = (agoMs: number, deletingAt: Date | null) => ({ id: newId(), siteId, cameraId: id, receivedAt: new Date(startMs - agoMs), objectKey: `k${agoMs}`, bytes: 1, sha256: 's', receipt: {} as never, receiptHash: 'h', expiresAt: at, deletingAt });
    const rows = [picture(9000, null), picture(3000, null), picture(1000, at)];
    await bench.database.orm.insert(pictures).values(rows);
    expect(await bench.registry.camera(id)).toMatchObject({ state: 'good', stateReason: null, pictureStatus: 'ready', detector: 'onnx', newestPictureId: rows[1]?.id, newestPictureAt: new Date(startMs - 3000).toISOString() });
  });

  it('removes: unknown afterwards, its name free, its password gone', async () => {
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Gone', '10.0.0.50', { password: 'x' }), admin);
    await bench.registry.removeCamera(id, admin);
    await expect(bench.registry.camera(id)).rejects.toMatchObject({ code: 'camera.unknown' });
    await expect(bench.registry.removeCamera(id, admin)).rejects.toMatchObject({ code: 'camera.unknown' });
    expect((await bench.database.orm.select().from(cameras).where(eq(cameras.id, id)))[0]?.sealedPassword).toBeNull();
    await expect(bench.registry.createCamera(newCameraInput(siteId, 'Gone', '10.0.0.50'), admin)).resolves.toMatchObject({ name: 'Gone' });
  });

  it('pages through everything once, in order, within the scope', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await bench.registry.cameras([siteId], { limit: 3, cursor });
      seen.push(...page.items.map((c) => c.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    const all = await bench.registry.cameras([siteId], { limit: 500 });
    expect(seen).toEqual(all.items.map((c) => c.id));
    expect(all.items.every((c) => c.siteId === siteId)).toBe(true);
    await expect(bench.registry.cameras('all', { limit: 3, cursor: 'AAAA' })).rejects.toMatchObject({ code: 'request.cursor' });
    expect((await bench.registry.cameras([siteId], { limit: 10, siteId: otherSiteId })).items).toEqual([]);
  });
});

describe('zones', () => {
  const polygon: [number, number][] = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]];
  let cameraId: string;
  const zone = (kind: 'guard' | 'privacy' | 'ignore', placeId: string | null) => ({ cameraId, kind, name: `${kind} zone`, polygon, placeId });
  const place = async (kind: 'well' | 'dwelling' | 'place-of-worship', consent: { reference: string; until: string } | null, at = siteId): Promise<string> =>
    (await bench.registry.createPlace({ siteId: at, kind, name: `a ${kind}`, position: null, consent }, admin)).id;

  beforeAll(async () => {
    cameraId = (await bench.registry.createCamera(newCameraInput(siteId, 'Zoned', '10.0.0.60'), admin)).id;
  });

  it('guards a well', async () => {
    const made = await bench.registry.createZone(zone('guard', await place('well', null)), admin);
    expect(await bench.registry.zone(made.id)).toEqual(made);
    expect((await bench.registry.zones([siteId], { limit: 10, cameraId })).items).toContainEqual(made);
  });

  it('guards nothing that is not an allowed place of the same site, and writes the refusal down', async () => {
    const places = [null, newId(), await place('place-of-worship', null), await place('dwelling', null), await place('dwelling', { reference: 'file 7', until: '2026-05-31' }), await place('well', null, otherSiteId)];
    for (const placeId of places) {
      await expect(bench.registry.createZone(zone('guard', placeId), admin)).rejects.toMatchObject({ code: 'zone.place', kind: 'boundary' });
    }
    const refused = (await bench.ledger.entries({ limit: 500 })).items.filter((e) => e.outcome === 'refused' && e.action === 'zone.create');
    expect(refused).toHaveLength(places.length);
    expect((await bench.registry.zones('all', { limit: 100, cameraId })).items.filter((z) => places.includes(z.placeId))).toEqual([]);
  });

  it("guards a dwelling while its resident's consent holds", async () => {
    await expect(bench.registry.createZone(zone('guard', await place('dwelling', { reference: 'file 8', until: '2026-06-01' })), admin)).resolves.toMatchObject({ kind: 'guard' });
    await expect(bench.registry.createPlace({ siteId, kind: 'well', name: 'w', position: null, consent: { reference: 'r', until: '2027-01-01' } }, admin)).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('needs no place for privacy, refuses a crossed polygon, and notes removal', async () => {
    const made = await bench.registry.createZone(zone('privacy', null), admin);
    await expect(bench.registry.createZone({ ...zone('privacy', null), polygon: [[0, 0], [1, 1], [1, 0], [0, 1]] }, admin)).rejects.toMatchObject({ code: 'zone.invalid' });
    await bench.registry.removeZone(made.id, admin);
    await expect(bench.registry.zone(made.id)).rejects.toMatchObject({ code: 'zone.unknown' });
    expect((await bench.ledger.entries({ limit: 500 })).items.some((e) => e.action === 'zone.remove' && e.objectId === made.id)).toBe(true);
  });
});
