/**
 * One log-in at a device, with a conversation of its own, that tells whether a password works: at most one refusal, and
 * within the lock-out policy. Reads the accounts on the way, as nothing else is sure to need a log-in.
 */
import { HedgerowError } from '../core/errors.js';
import type { LoginBudget } from './login-budget.js';
import type { AuthMode, DeviceUser, OnvifClient, OnvifDevice } from './onvif-client.js';

export type Knock =
  /** `users`: null when this account may not read them */
  | { readonly status: 'in'; readonly device: OnvifDevice; readonly users: readonly DeviceUser[] | null }
  | { readonly status: 'refused'; readonly seen: string; readonly attemptsLeft: number | null }
  /** it asks nobody for a log-in: a password proves nothing */
  | { readonly status: 'open' }
  | { readonly status: 'away'; readonly seen: string }
  /** the lock-out policy allows no log-in before then, epoch milliseconds */
  | { readonly status: 'policy'; readonly nextTryMs: number };

export interface KnockParts {
  readonly onvif: OnvifClient;
  readonly budget: LoginBudget;
}

export interface Key {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** what worked the last time; unknown costs a second refusal at most */
  readonly authMode: AuthMode | null;
}

/** @throws HedgerowError `process.aborted`, and what is no fault of the device */
export async function knock({ onvif, budget }: KnockParts, key: Key, signal: AbortSignal): Promise<Knock> {
  let device: OnvifDevice;
  const most = key.authMode === null ? 2 : 1;
  try {
    device = await onvif.open({ ...key, maxRefusals: most }, signal);
  } catch (thrown) {
    return { status: 'away', seen: deviceError(thrown).message };
  }
  const where = { host: device.address, port: device.port };
  const standing = await budget.standing(where);
  if (standing.nextTryMs !== null) return { status: 'policy', nextTryMs: standing.nextTryMs };
  const attempt = await budget.begin(where, key, Math.min(most, standing.left));
  // Cut off in the middle: the log-in may have been sent.
  let refused = most;
  let attemptsLeft: number | null = null;
  try {
    const answer = await ask(device);
    refused = answer.status === 'refused' ? answer.tries : 0;
    if (answer.status === 'refused') attemptsLeft = answer.attemptsLeft;
    return answer;
  } finally {
    await attempt.settle(refused, attemptsLeft);
  }
}

async function ask(device: OnvifDevice): Promise<Exclude<Knock, { status: 'refused' | 'policy' }> | (Extract<Knock, { status: 'refused' }> & { tries: number })> {
  let users: readonly DeviceUser[] | null;
  try {
    // A token carries the device's time. A device that tells none may still take a Digest.
    await device.clock().catch((thrown: unknown) => {
      if (deviceError(thrown).code === 'camera.unreachable') throw thrown;
    });
    // Every account may ask this; one that may not read the accounts is told apart from one that is refused.
    await device.information().catch((thrown: unknown) => {
      if (deviceError(thrown).code !== 'camera.reply') throw thrown;
    });
    users = await device.users();
  } catch (thrown) {
    const error = deviceError(thrown);
    if (error.code !== 'camera.auth') return { status: 'away', seen: error.message };
    if (error.context['rights'] === true) return { status: 'in', device, users: null };
    const { tries, attemptsLeft } = error.context;
    return { status: 'refused', seen: error.message, tries: typeof tries === 'number' ? tries : 1, attemptsLeft: typeof attemptsLeft === 'number' ? attemptsLeft : null };
  }
  if (device.authMode === 'none' || device.authMode === null) return { status: 'open' };
  return { status: 'in', device, users };
}

/** What a device can be blamed for; anything else is thrown on. */
export function deviceError(thrown: unknown): HedgerowError {
  if (thrown instanceof HedgerowError && (thrown.code === 'address.refused' || thrown.code.startsWith('camera.'))) return thrown;
  throw thrown;
}
