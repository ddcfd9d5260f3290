/**
 * A second adapter of the ONVIF port: devices that exist in memory, with one account, and every way in which a change of
 * its password goes wrong. `crashAt` throws in the place of a call, or right after it took effect.
 */
import { HedgerowError } from '../../src/core/errors.js';
import type { DeviceUser, OnvifClient, OnvifDevice, OnvifTarget } from '../../src/register/onvif-client.js';

/** What a change of the password does. */
export type Habit =
  | 'honest'
  | 'refuse'
  | 'lie'
  /** says no, and does it */
  | 'deny'
  /** no answer, and the password is set */
  | 'silent'
  /** says yes, and takes the new one only at the fourth log-in from then on */
  | 'late'
  /** sets it, and is not reachable from then on */
  | 'die'
  /** sets it, and takes the account's rights */
  | 'demote'
  /** sets it to something else */
  | 'mangle';

export interface PaperDevice {
  readonly host: string;
  password: string;
  habit: Habit;
  user: DeviceUser | null;
  mayReadUsers: boolean;
  asksNobody: boolean;
  away: boolean;
  endpointReference: string | null;
  attemptsLeft: number | null;
  refused: number;
  writes: number;
  /** conversations that are under way now, and the most there were */
  busy: number;
  mostBusy: number;
  pending: { password: string; logins: number } | null;
}

export class Crash extends Error {}

export function createPaperDevices() {
  const devices = new Map<string, PaperDevice>();
  let calls = 0;
  let crash: { at: number; after: boolean } | null = null;

  async function step<T>(device: PaperDevice, signal: AbortSignal, effect: () => T): Promise<T> {
    if (signal.aborted) throw new HedgerowError('process.aborted', 'Stopped.');
    calls++;
    const now = crash?.at === calls ? crash : null;
    if (now && !now.after) throw new Crash(`before call ${calls}`);
    device.busy++;
    device.mostBusy = Math.max(device.mostBusy, device.busy);
    await new Promise((resolve) => setImmediate(resolve));
    device.busy--;
    try {
      return effect();
    } finally {
      // eslint-disable-next-line no-unsafe-finally -- a crash comes before anybody learns how the call went
      if (now) throw new Crash(`after call ${calls}`);
    }
  }

  function open(target: OnvifTarget, device: PaperDevice, signal: AbortSignal): OnvifDevice {
    let proven: OnvifDevice['authMode'] = null;
    const reach = (): void => {
      if (device.away) throw new HedgerowError('camera.unreachable', 'It does not answer.');
    };
    const logIn = (): void => {
      reach();
      if (device.asksNobody) {
        proven = 'none';
        return;
      }
      if (device.pending && --device.pending.logins <= 0) {
        device.password = device.pending.password;
        device.pending = null;
      }
      if (target.username !== device.user?.username || target.password !== device.password) {
        device.refused++;
        const context = { tries: 1, rights: false, ...(device.attemptsLeft === null ? {} : { attemptsLeft: --device.attemptsLeft }) };
        throw new HedgerowError('camera.auth', 'It refuses the user name or the password.', { context });
      }
      proven = 'digest';
    };
    const unused = (): Promise<never> => Promise.reject(new Error('not asked here'));
    return {
      host: device.host,
      address: device.host,
      port: 80,
      get authMode() {
        return proven;
      },
      skewMs: 0,
      deviations: [],
      clock: () => step(device, signal, () => (reach(), { utcMs: 0, localMs: null, source: 'ntp' as const, skewMs: 0, roundTripMs: 1 })),
      information: () => step(device, signal, () => (logIn(), { manufacturer: 'Paper', model: 'P1', firmware: '1', serialNumber: null })),
      users: () => step(device, signal, () => (logIn(), device.mayReadUsers && device.user?.level === 'Administrator' ? [{ username: 'guest', level: 'User' as const }, device.user] : null)),
      setPassword: (user, password) =>
        step(device, signal, () => {
          logIn();
          device.writes++;
          const refuse = (): never => {
            throw new HedgerowError('camera.password', 'It refuses the new password: too weak.', { context: { sent: true, refused: true } });
          };
          if (device.user?.level !== 'Administrator' || user.level !== device.user.level) return refuse();
          switch (device.habit) {
            case 'refuse':
              return refuse();
            case 'lie':
              return undefined;
            case 'deny':
              device.password = password;
              return refuse();
            case 'silent':
              device.password = password;
              throw new HedgerowError('camera.unreachable', 'No whole reply within 6000 ms.');
            case 'late':
              device.pending = { password, logins: 8 };
              return undefined;
            case 'die':
              device.password = password;
              device.away = true;
              throw new HedgerowError('camera.unreachable', 'The connection was closed.');
            case 'demote':
              device.password = password;
              device.user = { ...device.user, level: 'Operator' };
              return undefined;
            case 'mangle':
              device.password = `${password}x`;
              return undefined;
            case 'honest':
              device.password = password;
              return undefined;
          }
        }),
      identity: () => step(device, signal, () => (reach(), { endpointReference: device.endpointReference, macAddress: null })),
      services: unused, profiles: unused, streamAddress: unused, networkTime: unused, recorder: unused, analytics: unused, masks: unused, toldPose: unused, digitalInputs: unused, subscribe: unused,
    };
  }

  const client: OnvifClient = {
    async open(target, signal) {
      const device = devices.get(new URL(target.url).hostname);
      if (!device) throw new HedgerowError('address.refused', 'No such paper device.');
      await step(device, signal, () => undefined);
      return open(target, device, signal);
    },
  };

  return {
    client,
    calls: () => calls,
    /** @param at counted from now on, from 1 */
    crashAt(at: number | null, after = false) {
      calls = 0;
      crash = at === null ? null : { at, after };
    },
    add(host: string, more: Partial<PaperDevice> = {}): PaperDevice {
      const device: PaperDevice = {
        host, password: 'old-password', habit: 'honest', user: { username: 'admin', level: 'Administrator' }, mayReadUsers: true, asksNobody: false, away: false, endpointReference: null,
        attemptsLeft: null, refused: 0, writes: 0, busy: 0, mostBusy: 0, pending: null, ...more,
      };
      devices.set(host, device);
      return device;
    },
  };
}
