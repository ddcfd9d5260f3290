/**
 * Whether a device can be got into with what every buyer knows. Careful with accounts, as devices lock them: at most one
 * log-in is sent in a commissioning, in one way, never with the name of the account that we use ourselves (if that is a
 * well-known one, our own password answers the question), never one that this device refused a short while ago, and only
 * while the lock-out policy leaves more than this one try.
 */
import { HedgerowError } from '../core/errors.js';
import type { DeviceAddress } from './device-key.js';
import type { LoginBudget } from './login-budget.js';
import type { AuthMode, OnvifClient, OnvifDevice } from './onvif-client.js';

export type DefaultLogin =
  /** profiles are told to everybody */
  | { readonly status: 'open-to-all' }
  | { readonly status: 'own-is-well-known'; readonly account: string }
  | { readonly status: 'accepted'; readonly account: string }
  | { readonly status: 'refused'; readonly account: string; readonly earlier: boolean }
  /** the well-known name is the one that we use, with a password of its own: nothing was tried */
  | { readonly status: 'own-account'; readonly account: string }
  | { readonly status: 'no-budget'; readonly windowMs: number };

export interface KnownDevice {
  /** of the device service */
  readonly url: string;
  /** the log-in that the device took just now; null: it took none */
  readonly username: string | null;
  readonly password: string | null;
  readonly authMode: AuthMode | null;
  readonly manufacturer: string | null;
}

export interface WellKnownLogin {
  readonly username: string;
  readonly password: string;
}

/** Tries that must be left for people who mistype a password. */
const spareTries = 1;
const general: WellKnownLogin = { username: 'admin', password: 'admin' };
/** Makers whose factory log-in is another one, from their own manuals; of all others the first is tried. */
const byMaker: readonly { readonly maker: RegExp; readonly login: WellKnownLogin }[] = [
  { maker: /hik ?vision/i, login: { username: 'admin', password: '12345' } },
  { maker: /uniview|\bunv\b/i, login: { username: 'admin', password: '123456' } },
  { maker: /hanwha|samsung/i, login: { username: 'admin', password: '4321' } },
  { maker: /axis/i, login: { username: 'root', password: 'pass' } },
  { maker: /bosch/i, login: { username: 'service', password: 'service' } },
  { maker: /milesight/i, login: { username: 'admin', password: 'ms1234' } },
];
/** Compared with our own password in memory; none of these is ever sent. */
const commonPasswords = new Set(['', 'admin', 'password', 'pass', 'root', 'user', 'guest', 'default', 'service', 'supervisor', '1234', '12345', '123456', '1234567', '12345678', '123456789', '1111', '111111', '0000', '000000', '4321', '888888', '666666', 'admin123', 'admin1234', 'admin12345', 'abcd1234', 'ms1234', 'system', 'ubnt', 'fliradmin', 'jvc', 'meinsm', 'camera', 'ikwb']);

export function wellKnownLoginOf(manufacturer: string | null): WellKnownLogin {
  return byMaker.find(({ maker }) => maker.test(manufacturer ?? ''))?.login ?? general;
}

/**
 * Two fresh conversations at most: one that brings no log-in, one that brings the well-known one. The caller holds the
 * device (`device-lease.ts`).
 * @throws HedgerowError what a conversation throws, when it does not come to an answer
 */
export async function probeDefaultLogin(device: KnownDevice, parts: { onvif: OnvifClient; budget: LoginBudget; windowMs: number }, signal: AbortSignal): Promise<DefaultLogin> {
  const { onvif, budget, windowMs } = parts;
  const stranger = await onvif.open({ url: device.url, username: null, password: null, authMode: null }, signal);
  if (await letsIn(stranger)) return { status: 'open-to-all' };
  const { username } = device;
  if (username !== null && commonPasswords.has((device.password ?? '').toLowerCase())) return { status: 'own-is-well-known', account: username };
  const login = wellKnownLoginOf(device.manufacturer);
  const account = login.username;
  if (username?.toLowerCase() === account.toLowerCase()) return { status: 'own-account', account };

  const where: DeviceAddress = { host: stranger.address, port: stranger.port };
  const standing = await budget.standing(where);
  if (standing.refusedHere(login)) return { status: 'refused', account, earlier: true };
  if (standing.left <= spareTries) return { status: 'no-budget', windowMs };
  // Asked again by this very try: what came in between counts.
  const attempt = await budget.begin(where, login, 1);
  let refused = 0;
  let attemptsLeft: number | null = null;
  try {
    const guest = await onvif.open({ url: device.url, ...login, authMode: device.authMode === 'none' ? null : device.authMode, maxRefusals: 1 }, signal);
    return { status: (await letsIn(guest)) ? 'accepted' : 'refused', account, earlier: false };
  } catch (thrown) {
    // Cut off in the middle: the log-in may have been sent.
    if (!(thrown instanceof HedgerowError && thrown.context['tries'] === 0)) refused = 1;
    throw thrown;
  } finally {
    await attempt.settle(refused, attemptsLeft);
  }

  /** Whether a conversation gets to the profiles, which no device that has accounts tells to strangers. */
  async function letsIn(talk: OnvifDevice): Promise<boolean> {
    try {
      // A token carries the device's time.
      if (talk !== stranger) await talk.clock().catch(onlyOfDevice);
      const services = await talk.services();
      await talk.profiles(services);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError) || thrown.code !== 'camera.auth') throw thrown;
      // Known, but without the right: that is in.
      if (thrown.context['rights'] === true) return true;
      if (talk !== stranger) {
        const { tries, attemptsLeft: left } = thrown.context;
        // Not sent, because the device says that it is about to lock: then nothing is known.
        if (tries === 0) throw thrown;
        refused = typeof tries === 'number' ? tries : 1;
        attemptsLeft = typeof left === 'number' ? left : null;
      }
      return false;
    }
  }
}

function onlyOfDevice(thrown: unknown): void {
  if (!(thrown instanceof HedgerowError) || thrown.kind === 'aborted') throw thrown;
}
