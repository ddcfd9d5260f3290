/** What the tests of register stand on: a database in memory, the real event log, ledger, queue table and sealer. */
import { randomBytes } from 'node:crypto';
import type { NewCamera } from '../../src/contract/camera.js';
import type { Principal } from '../../src/contract/principal.js';
import type { NewSite } from '../../src/contract/site.js';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { SystemClock, type Clock } from '../../src/core/clock.js';
import { createSealer } from '../../src/auth/sealer.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { createEventLog } from '../../src/db/event-log.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { createEmbeddedQueue } from '../../src/queue/adapters/embedded-queue.js';
import { createRegistry } from '../../src/register/inventory.js';
import { createLogger } from '../../src/telemetry/logger.js';

export const admin: Principal = { id: 'test', name: 'tess', kind: 'user', grants: [{ role: 'admin', siteId: null }] };
export const startMs = Date.UTC(2026, 5, 1, 12);

export type RegisterBench = Awaited<ReturnType<typeof openRegisterBench>>;

export async function openRegisterBench(options: { clock?: Clock } = {}) {
  const clock = options.clock ?? new SimulatedClock(startMs);
  const lines: string[] = [];
  const log = createLogger('debug', { write: (line) => lines.push(line) });
  // The database waits on the machine's clock: a simulated one would hold its retries for ever.
  const database = await openPgliteDatabase({ folder: null, clock: new SystemClock({ unref: true }), log });
  await database.migrate();
  const sealer = createSealer({ key: randomBytes(32).toString('base64'), keyFile: '' });
  const guard = new AddressGuard({ allowed: ['127.0.0.0/8', '10.0.0.0/8', '192.168.0.0/16'], lookup: (host) => Promise.resolve(host === 'localhost' ? ['127.0.0.1'] : []) });
  const events = createEventLog({ database, clock, log });
  const ledger = createLedger({ database, clock });
  const queue = createEmbeddedQueue({ database, clock, log });
  const registry = createRegistry({ database, sealer, events, ledger, queue, guard, clock, log });
  return { clock, log, lines, database, sealer, guard, events, ledger, queue, registry, close: () => database.close() };
}

export const newSite = (name: string): NewSite => ({ name, timeZone: 'Asia/Shanghai', boundary: [], requireDetector: false, retentionDays: 30 });

export function newCameraInput(siteId: string, name: string, address: string, more: Partial<NewCamera> = {}): NewCamera {
  return {
    siteId, name, address, username: null, password: null, purpose: 'theft of fuel at the pump house', owner: 'Village committee', legalBasis: 'Order 799, art. 7', reviewOn: '2027-01-31',
    longitude: null, latitude: null, mountHeightM: null, azimuthDeg: null, tiltDeg: null, horizontalFovDeg: null, sourceToken: null, sampleIntervalMs: 1000, enabled: true, ...more,
  };
}
