/**
 * The lock-out policy: how many refused log-ins one device has seen from us within the window, over climbs, processes and
 * restarts. A try is written down before it is made and settled after it, so that a crash in between costs a try and hides
 * none. Whoever logs in holds the device (`device-lease.ts`): tries of one device never overlap.
 */
import { and, eq, gt, inArray, isNotNull, isNull, like, lt, or } from 'drizzle-orm';
import type { Config } from '../config/schema.js';
import type { Sealer } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import type { Clock } from '../core/clock.js';
import { newId } from '../core/ids.js';
import { cameras, refusedLogins } from '../db/schema/register.js';
import { deviceKey, type DeviceAddress } from './device-key.js';
import { readToldAddress } from './told-address.js';

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface LoginStanding {
  /** refused log-ins that the policy still allows now, on this device and on its host */
  readonly left: number;
  /** refused log-ins of this very port within the window */
  readonly refusedOnPort: number;
  /** when the next one is allowed, epoch milliseconds; null while `left` is above zero */
  readonly nextTryMs: number | null;
  /** Whether this device refused exactly this log-in within the window: trying again would be a waste. */
  refusedHere(login: Login): boolean;
  /** When this device last refused it, also before the window; null when it never did (or that is forgotten). */
  lastRefusedMs(login: Login): number | null;
}

/** One try that is under way. */
export interface LoginTry {
  /**
   * @param refused log-ins that the device refused; 0 when it took this one or none was sent
   * @param attemptsLeft what the device says is left before it locks; few of them use the budget up
   */
  settle(refused: number, attemptsLeft: number | null): Promise<void>;
}

export interface LoginBudget {
  standing(device: DeviceAddress): Promise<LoginStanding>;
  /** @param most refused log-ins that this try may cost */
  begin(device: DeviceAddress, login: Login, most: number): Promise<LoginTry>;
}

/** A device that says so few are left is left alone: they belong to the people who run it. */
export const fewAttempts = 3;
/** Refusals are remembered for so long, so that sets that were not tried yet come first the next time. */
const rememberedMs = 30 * 86_400_000;
const pending = 'pending:';

export function createLoginBudget({ database, sealer, clock, config }: {
  database: Database;
  sealer: Pick<Sealer, 'fingerprint'>;
  clock: Clock;
  config: Config['register']['lockout'];
}): LoginBudget {
  const hashOf = (device: string, { username, password }: Login): string => sealer.fingerprint(`${username.length}:${username}${password}`, `refused-login:${device}`);

  return {
    async standing(where) {
      const device = deviceKey(where);
      const rows = await database.orm
        .select({ device: refusedLogins.device, hash: refusedLogins.credentialHash, at: refusedLogins.at })
        .from(refusedLogins)
        .where(or(eq(refusedLogins.device, device), like(refusedLogins.device, `${bracketed(where.host)}:%`)));
      const fromMs = clock.nowMs() - config.windowMs;
      const recent = rows.filter((r) => r.at.getTime() > fromMs);
      const onPort = recent.filter((r) => r.device === device).map((r) => r.at.getTime());
      const onHost = recent.length > onPort.length && !(await hasSeveralDevices(database, where.host)) ? recent.map((r) => r.at.getTime()) : onPort;
      const left = Math.max(0, config.refusedLogins - Math.max(onPort.length, onHost.length));
      const mine = rows.filter((r) => r.device === device);
      return {
        left,
        refusedOnPort: onPort.length,
        nextTryMs: left > 0 ? null : Math.max(freeAtMs(onPort), freeAtMs(onHost)),
        refusedHere: (login) => mine.some((r) => r.hash === hashOf(device, login) && r.at.getTime() > fromMs),
        lastRefusedMs: (login) => {
          const hash = hashOf(device, login);
          return mine.reduce<number | null>((last, r) => (r.hash === hash && (last === null || r.at.getTime() > last) ? r.at.getTime() : last), null);
        },
      };
    },

    async begin(where, login, most) {
      const device = deviceKey(where);
      const hash = hashOf(device, login);
      const rowsOf = (count: number, credentialHash: string) => Array.from({ length: count }, () => ({ id: newId(), device, username: login.username, credentialHash, at: new Date(clock.nowMs()) }));
      const held = rowsOf(most, `${pending}${hash}`);
      if (held.length > 0) await database.orm.insert(refusedLogins).values(held);
      return {
        async settle(refused, attemptsLeft) {
          const few = attemptsLeft !== null && attemptsLeft <= fewAttempts;
          await database.transaction(async (tx) => {
            if (held.length > 0) await tx.delete(refusedLogins).where(inArray(refusedLogins.id, held.map((r) => r.id)));
            await tx.delete(refusedLogins).where(lt(refusedLogins.at, new Date(clock.nowMs() - rememberedMs)));
            if (refused <= 0) return;
            const fromMs = clock.nowMs() - config.windowMs;
            const before = few ? (await tx.select({ id: refusedLogins.id }).from(refusedLogins).where(and(eq(refusedLogins.device, device), gt(refusedLogins.at, new Date(fromMs))))).length : 0;
            await tx.insert(refusedLogins).values(rowsOf(few ? Math.max(refused, config.refusedLogins - before) : refused, hash));
          });
        },
      };
    },
  };

  /** When enough of the refusals have left the window for one more. */
  function freeAtMs(atMs: readonly number[]): number {
    const oldestFirst = [...atMs].sort((a, b) => a - b);
    const at = oldestFirst[oldestFirst.length - config.refusedLogins];
    return at === undefined ? 0 : at + config.windowMs;
  }
}

/** Ports of one host count together, as those of one camera do, unless cameras of different devices are known on several of them (port forwarding). */
async function hasSeveralDevices(database: Database, host: string): Promise<boolean> {
  const rows = await database.orm
    .select({ address: cameras.address, endpointReference: cameras.endpointReference, serialNumber: cameras.serialNumber })
    .from(cameras)
    .where(and(isNull(cameras.removedAt), isNotNull(cameras.onboardedAt), eq(cameras.protocol, 'onvif'), like(cameras.address, `%://${bracketed(host)}%`)));
  const identityOfPort = new Map<number, string>();
  for (const row of rows) {
    const read = readToldAddress(row.address);
    const identity = row.endpointReference ?? row.serialNumber;
    if (read?.host === host && identity !== null) identityOfPort.set(read.port ?? 0, identity);
  }
  return new Set(identityOfPort.values()).size > 1;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
