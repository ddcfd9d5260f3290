/** The changes of devices over a real database and paper devices; time passes only where somebody sleeps. */
import { eq } from 'drizzle-orm';
import type { Camera, StreamTarget } from '../../src/contract/camera.js';
import type { FrameSource, RunEnd } from '../../src/contract/frame-source.js';
import type { Clock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { cameras, rotationCameras, sites as siteRows } from '../../src/db/schema/register.js';
import { newCameraRow } from '../../src/register/camera-changes.js';
import { openPassword } from '../../src/register/credentials.js';
import { createDeviceChanges } from '../../src/register/device-changes.js';
import { rotationContext } from '../../src/register/rotation-rows.js';
import { createPaperDevices } from './paper-device.js';
import { admin, newCameraInput, newSite, openRegisterBench, startMs } from './register-bench.js';

export const registerConfig = {
  allowNetworks: [], denyNetworks: [], connectTimeoutMs: 2000, replyTimeoutMs: 1500, maxReplyBytes: 4 * 1024 * 1024, onboardingsAtOnce: 4, climbsPerHost: 4, allowOwnNetworks: true,
  lockout: { refusedLogins: 3, windowMs: 1_800_000 }, sweep: { perSecond: 400, bridges: false }, discoveryListenMs: 1500, probeEveryMs: 60_000,
};
export const never = new AbortController().signal;

/** Whoever sleeps wakes at once, and it is that much later; timers never fire. */
export class HurriedClock implements Clock {
  #ms = 0;
  nowMs(): number {
    return startMs + this.#ms;
  }
  monotonicMs(): number {
    return this.#ms;
  }
  after(): () => void {
    return () => undefined;
  }
  async sleep(delayMs: number): Promise<void> {
    this.#ms += delayMs;
    await new Promise((resolve) => setImmediate(resolve));
  }
  pass(ms: number): void {
    this.#ms += ms;
  }
}

export async function openChangesBench() {
  const clock = new HurriedClock();
  const bench = await openRegisterBench({ clock });
  const paper = createPaperDevices();
  /** passwords that streams refuse */
  const refusedByStream = new Set<string>();
  const streamed: StreamTarget[] = [];
  const source: FrameSource = {
    run: ({ target }) => (streamed.push(target), Promise.resolve<RunEnd>({ reason: refusedByStream.has(target.password ?? '') ? 'auth' : 'closed', detail: 'The stream ended.', frames: 0, dropped: 0, bytes: 0 })),
    close: () => Promise.resolve(),
  };
  const changes = createDeviceChanges({ ...bench, config: registerConfig, onvif: paper.client, source });
  let hosts = 0;
  let sites = 0;

  return {
    ...bench, clock, paper, changes, refusedByStream,
    /** streams that were looked at */
    streamed,
    newSiteId: async () => (await bench.registry.createSite(newSite(`Site ${++sites}`), admin)).id,
    nextHost: () => `10.1.${Math.floor(++hosts / 200)}.${(hosts % 200) + 1}`,
    /** A site with one camera, straight into the tables: quick, for tests that need many. */
    async place(host: string): Promise<{ siteId: string; camera: { readonly id: string; readonly name: string } }> {
      const siteId = newId();
      await bench.database.orm.insert(siteRows).values({ ...newSite(`Quick ${siteId}`), id: siteId, createdAt: new Date(startMs) });
      const row = newCameraRow(newCameraInput(siteId, `Camera ${host}`, host, { username: 'admin', password: 'old-password' }), bench.sealer, startMs);
      await bench.database.orm.insert(cameras).values(row);
      return { siteId, camera: row };
    },
    register: (siteId: string, host: string, more: object = {}): Promise<Camera> => bench.registry.createCamera(newCameraInput(siteId, `Camera ${host} ${JSON.stringify(more).length}`, host, { username: 'admin', password: 'old-password', ...more }), admin),
    row: async (id: string) => {
      const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, id));
      if (!row) throw new Error('no such camera');
      return row;
    },
    passwordOf: async (id: string) => {
      const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, id));
      return row ? openPassword(bench.sealer, id, row.sealedPassword) : null;
    },
    /** every password that rotations hold for a camera */
    heldFor: async (id: string) => {
      const rows = await bench.database.orm.select().from(rotationCameras).where(eq(rotationCameras.cameraId, id));
      return rows.flatMap((r) => (r.sealedPassword === null ? [] : [bench.sealer.open(r.sealedPassword, rotationContext(r.id))]));
    },
  };
}

export type ChangesBench = Awaited<ReturnType<typeof openChangesBench>>;
