/**
 * What a newcomer sees, from outside: `hedgerow up --demo 4` brings a village with masked pictures and one alert for one
 * walk; a stop, a start and a kill lose nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/contract/alert.js';
import type { Camera } from '../../src/contract/camera.js';
import type { Page } from '../../src/contract/page.js';
import type { PictureRow } from '../../src/contract/picture.js';
import { apiOf, eventually, runCommand, startProgram, temporaryFolder, type Program } from '../support/program.js';

const { folder: data, remove } = temporaryFolder();
let program: Program;
let api: ReturnType<typeof apiOf>;
const raised: Alert[] = [];
const listening = new AbortController();

beforeAll(async () => {
  program = await startProgram(['up', '--demo', '4'], { data });
  api = apiOf(program.url);
  void api.events((event) => {
    if (event.type === 'alert.raised') raised.push(event.data as unknown as Alert);
  }, listening.signal);
});

afterAll(async () => {
  listening.abort();
  await program.stop();
  remove();
});

const camerasOf = async (): Promise<Camera[]> => (await api.get<Page<Camera>>('/api/v1/cameras')).items;

describe('a village on one machine', () => {
  it('is up quickly and ready', async () => {
    expect(program.upAfterMs).toBeLessThan(60_000);
    expect((await fetch(`${program.url}/healthz`)).status).toBe(200);
    await eventually(async () => (await fetch(`${program.url}/readyz`)).status === 200, 10_000, 'ready');
  });

  it('lets somebody in by the one-time link, once', async () => {
    const redeem = () => fetch(`${program.url}/api/v1/session/link`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ secret: program.linkSecret }) });
    const first = await redeem();
    expect(first.status).toBeLessThan(300);
    expect(first.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Strict/i);
    expect((await redeem()).status).toBe(401);
  });

  it('shows nothing without a log-in', async () => {
    for (const at of ['/api/v1/cameras', '/api/v1/events', '/metrics', '/api/v1/pictures']) expect((await fetch(`${program.url}${at}`)).status, at).toBe(401);
  });

  it('brings every camera to a masked picture', async () => {
    const cameras = await eventually(
      async () => {
        const all = await camerasOf();
        return all.length === 4 && all.every((c) => (c.state === 'online' || c.state === 'good') && c.newestPictureId) && all;
      },
      90_000,
      'four cameras online with a picture',
    );
    for (const camera of cameras) {
      expect(camera.onboarding.map((r) => `${r.name} ${r.status}`)).toEqual(['reach pass', 'clock pass', 'auth pass', 'services pass', 'profiles pass', 'keyframe pass']);
      const { type, bytes } = await api.bytes(`/api/v1/cameras/${camera.id}/pictures/newest`);
      expect(type).toBe('image/jpeg');
      expect([...bytes.slice(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    }
  }, 120_000);

  it('raises exactly one alert with a masked picture for a walk through the guard zone', async () => {
    const first = await eventually(() => Promise.resolve(raised[0]), 90_000, 'an alert on the event stream');
    // The happening goes on for some seconds and its end is quiet for ten: no second alert of that zone in the meantime.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(raised.filter((a) => a.cameraId === first.cameraId)).toHaveLength(1);
    const alert = await api.get<Alert>(`/api/v1/alerts/${first.id}`);
    expect(alert.pictureId, alert.noPictureReason ?? '').not.toBeNull();
    expect(Object.values(alert.counts).some((n) => n > 0)).toBe(true);
    const { bytes } = await api.bytes(`/api/v1/pictures/${alert.pictureId}/image`);
    expect(bytes.length).toBeGreaterThan(1000);
    const picture = await api.get<PictureRow>(`/api/v1/pictures/${alert.pictureId}`);
    expect(picture.maskRatio).toBeGreaterThan(0);
    expect(Math.abs(Date.parse(alert.raisedAt) - Date.parse(picture.receivedAt))).toBeLessThan(2_000);
  }, 150_000);

  it('takes an acknowledgement and a resolution, and refuses the second hand', async () => {
    const { id } = raised[0] as Alert;
    const acknowledged = await api.post<Alert>(`/api/v1/alerts/${id}/acknowledge`, { note: 'seen' });
    expect(acknowledged.state).toBe('acknowledged');
    await expect(api.post(`/api/v1/alerts/${id}/acknowledge`)).rejects.toThrow(/409.*alert\.state/s);
    expect((await api.post<Alert>(`/api/v1/alerts/${id}/resolve`, { reason: 'test' })).state).toBe('resolved');
  });

  it('serves an OpenAPI 3.1 document that names the roles of each operation', async () => {
    const document = await api.get<{ openapi: string; paths: Record<string, Record<string, Record<string, unknown>>> }>('/api/openapi.json');
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths).length).toBeGreaterThan(25);
  });

  it('has metrics', async () => {
    const { bytes } = await api.bytes('/metrics');
    expect(Buffer.from(bytes).toString()).toMatch(/hedgerow_frames_total [1-9]/);
  });

  it('is clean by its own check while it runs', () => {
    const done = runCommand(['--json', 'check'], { data });
    expect(done.stdout, done.stderr).toMatch(/"clean": true/);
    expect(done.status).toBe(0);
  });

  it('stops, starts again within ten seconds and has lost nothing', async () => {
    const before = await camerasOf();
    const alerts = (await api.get<Page<Alert>>('/api/v1/alerts')).items;
    const pictures = (await api.get<Page<PictureRow>>('/api/v1/pictures')).items;
    listening.abort();
    await program.stop();
    program = await startProgram(['up', '--demo', '4'], { data });
    api = apiOf(program.url);
    expect(program.upAfterMs).toBeLessThan(10_000);
    expect((await camerasOf()).map((c) => c.id).sort()).toEqual(before.map((c) => c.id).sort());
    const alertsAfter = (await api.get<Page<Alert>>('/api/v1/alerts')).items;
    for (const alert of alerts) expect(alertsAfter.find((a) => a.id === alert.id)?.state).toBe(alert.state);
    for (const picture of pictures.slice(0, 5)) expect((await api.bytes(`/api/v1/pictures/${picture.id}/image`)).bytes.length).toBe(picture.bytes);
  }, 60_000);

  it('survives being killed at any moment: the check is clean and nothing acknowledged is gone', async () => {
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 1500 + 1700 * round));
      const alerts = (await api.get<Page<Alert>>('/api/v1/alerts')).items;
      const pictures = (await api.get<Page<PictureRow>>('/api/v1/pictures')).items;
      await program.kill();
      program = await startProgram(['up', '--demo', '4'], { data });
      api = apiOf(program.url);
      const alertsAfter = (await api.get<Page<Alert>>('/api/v1/alerts')).items;
      for (const alert of alerts) expect(alertsAfter.find((a) => a.id === alert.id)?.state).toBe(alert.state);
      const done = runCommand(['--json', 'check'], { data });
      expect(JSON.parse(done.stdout)).toMatchObject({ clean: true });
      for (const picture of pictures.slice(0, 3)) await api.bytes(`/api/v1/pictures/${picture.id}/image`);
    }
  }, 120_000);

  it('has no password of a camera and no token in its log', () => {
    expect(program.output()).not.toContain('test-admin-token');
    expect(program.output()).not.toMatch(/rtsp:\/\/[^[\s]*:[^@\s]*@/);
  });
});
