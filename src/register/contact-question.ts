/** Which contacts a device has, asked within the lock-out policy: a press test can be asked for again and again. */
import { HedgerowError } from '../core/errors.js';
import type { LoginBudget } from './login-budget.js';
import type { OnvifClient, OnvifTarget } from './onvif-client.js';

/**
 * One conversation, one refused log-in at most. The caller holds the device (`device-lease.ts`).
 * @returns null when the policy allows no log-in, or not this one
 * @throws HedgerowError what a conversation throws
 */
export async function askContacts(target: OnvifTarget, { onvif, budget }: { onvif: OnvifClient; budget: LoginBudget }, signal: AbortSignal): Promise<readonly string[] | null> {
  const device = await onvif.open({ ...target, maxRefusals: 1 }, signal);
  const ask = async (): Promise<readonly string[]> => device.digitalInputs(await device.services());
  if (target.username === null) return ask();
  const where = { host: device.address, port: device.port };
  const login = { username: target.username, password: target.password ?? '' };
  const standing = await budget.standing(where);
  if (standing.left === 0 || standing.refusedHere(login)) return null;
  const attempt = await budget.begin(where, login, 1);
  let refused = 0;
  let attemptsLeft: number | null = null;
  try {
    return await ask();
  } catch (thrown) {
    const { tries, attemptsLeft: left } = thrown instanceof HedgerowError ? thrown.context : {};
    // Cut off in the middle: the log-in may have been sent.
    refused = !(thrown instanceof HedgerowError) || thrown.kind === 'aborted' ? 1 : thrown.code !== 'camera.auth' ? 0 : typeof tries === 'number' ? tries : 1;
    attemptsLeft = typeof left === 'number' ? left : null;
    throw thrown;
  } finally {
    await attempt.settle(refused, attemptsLeft);
  }
}
