import dgram from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import { services, sharedFolder } from '../support/services.js';
import { meanLuma, pull } from './support/frames.js';
import { RtspClient } from './support/rtsp-client.js';
import { hurriedClock, village } from './support/village.js';

const handles = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) if (/TCP|UDP|Timeout|Immediate|MessagePort|Worker/.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

function expectNoMore(before: Record<string, number>): void {
  for (const [name, count] of Object.entries(handles())) expect([name, count <= (before[name] ?? 0)]).toEqual([name, true]);
}

describe('the simulated village', () => {
  it('starts and stops twenty cameras with clients on them, and leaves no handle', async () => {
    const before = handles();
    const house = await village({ cameras: 20, discovery: true });
    expect(new Set(house.cameras.map((c) => c.endpointReference)).size).toBe(20);
    expect(new Set(house.cameras.map((c) => c.onvifUrl)).size).toBe(20);
    expect(new Set(house.cameras.map((c) => c.name)).size).toBe(20);
    const clients = await Promise.all(house.cameras.map(async (camera) => {
      const client = await RtspClient.open(camera.rtspUrl, camera);
      await client.play();
      return client;
    }));
    await Promise.all(clients.map((client) => client.until(() => client.packets.length > 0)));
    expect(clients.every((client) => client.packets.length > 0)).toBe(true);
    await house.applyFault(3, { fault: 'die' });
    await house.close();
    await house.close();
    for (const client of clients) expect(await client.until(() => client.closed, 3000)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expectNoMore(before);
  });

  it('is the same village after a restart: names, references, passwords, polygons; another seed is another village', async () => {
    const tell = async (seed: number): Promise<unknown[]> => {
      const house = await village({ cameras: 5, seed });
      await house.close();
      return house.cameras.map(({ name, endpointReference, username, password, guardPolygon, longitude, latitude }) => ({ name, endpointReference, username, password, guardPolygon, longitude, latitude }));
    };
    const [a, b, c] = [await tell(7), await tell(7), await tell(8)];
    expect(a).toEqual(b);
    expect(c).not.toEqual(a);
  });

  it('keeps its ports when it is given a base, and takes free ones when they are taken', async () => {
    const free = await new Promise<number>((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as net.AddressInfo;
        server.close(() => resolve(port));
      });
    });
    const first = await village({ cameras: 2, basePort: free });
    expect(first.cameras[0]?.rtspUrl).toContain(`:${free}/`);
    expect(first.cameras[1]?.onvifUrl).toContain(`:${free + 2}/`);
    const second = await village({ cameras: 1, basePort: free });
    expect(second.cameras[0]?.rtspUrl).not.toContain(`:${free}/`);
    await second.close();
    await first.close();
  });

  it('closes when its signal aborts, and does not open when it has aborted', async () => {
    const stop = new AbortController();
    const house = await village({ signal: stop.signal });
    stop.abort();
    await house.close();
    const { hostname, port } = new URL(house.cameras[0]?.rtspUrl ?? '');
    await expect(new Promise((resolve, reject) => net.connect(Number(port), hostname).once('connect', resolve).once('error', reject))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(village({ signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('says why a video cannot be played, and leaves nothing open', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-'));
    const before = handles();
    try {
      const junk = path.join(folder, 'junk.mp4');
      await writeFile(junk, 'this is no film');
      await expect(village({ video: junk })).rejects.toMatchObject({ code: 'config.invalid' });
      await expect(village({ video: path.join(folder, 'none.mp4') })).rejects.toMatchObject({ code: 'config.invalid', message: expect.stringContaining('cannot be opened') as string });
      await expect(village({ host: '203.0.113.9' })).rejects.toMatchObject({ code: 'config.invalid' });
      expectNoMore(before);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('has a village without cameras', async () => {
    const house = await village({ cameras: 0 });
    expect(house.cameras).toEqual([]);
    await house.contentComplete;
    await house.close();
  });

  it('lets everybody in when no credentials are required', async () => {
    const house = await village({ requireAuth: false });
    const camera = house.cameras[0];
    const client = await RtspClient.open(camera?.rtspUrl ?? '');
    expect(await client.play()).toContain('m=video');
    client.end();
    await house.close();
  });

  it.skipIf(!services.media)('plays a file as it is, each camera from another place, with faults in the picture (../shared/media)', async () => {
    const house = await village({ cameras: 2, video: path.join(sharedFolder, 'media/pets_campus_empty_768x576.mp4'), clock: hurriedClock(2) });
    const [a, b] = house.cameras;
    if (!a || !b) throw new Error('two cameras');
    const healthy = await pull(a, { keyFrames: 2 });
    expect(healthy.errors).toBe(0);
    expect(healthy.frames[0]).toMatchObject({ widthPx: 768, heightPx: 576, key: true });
    await house.applyFault(1, { fault: 'black' });
    const dark = (await pull(b, { keyFrames: 20, keyOnly: true, until: (seen) => meanLuma(seen) < 24 })).frames.at(-1);
    expect(dark && meanLuma(dark)).toBeLessThan(24);
    await house.close();
  });

  it('works beside another answerer of discovery', async () => {
    const other = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    await new Promise<void>((resolve) => other.bind(3702, '0.0.0.0', resolve));
    const house = await village({ discovery: true, clock: new SystemClock() });
    await house.close();
    await new Promise<void>((resolve) => other.close(() => resolve()));
    expect(house.cameras).toHaveLength(1);
  });
});
