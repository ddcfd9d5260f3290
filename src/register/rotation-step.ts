/**
 * The change of one account's password on one device. Nothing is believed: before anything is written the old password
 * is proved and the account found; after it, only a log-in of its own tells which password the device has. Whatever the
 * device does, one of the two is in our hands: the caller keeps both sealed until this says which one it holds.
 *
 *   old works → mark → write → new works? → stream takes it, level kept? → done
 *                        └ old still works (refused, or a lie)             → failed
 *                        └ new works, but something after it does not      → write old → old works → rolled-back
 *                        └ neither answers                                 → unknown, tried again later
 */
import type { Clock } from '../core/clock.js';
import { knock, deviceError, type Key, type Knock, type KnockParts } from './knock.js';
import { fewAttempts } from './login-budget.js';
import type { AuthMode, DeviceUser, OnvifDevice } from './onvif-client.js';

export interface RotationTask {
  readonly url: string;
  readonly username: string;
  readonly oldPassword: string;
  readonly newPassword: string;
  /** sent in an earlier rotation and never seen to work: the device may have taken it late; null: none */
  readonly keptPassword: string | null;
  readonly authMode: AuthMode | null;
  /** the device may have been written to by a run that did not end */
  readonly mayBeWritten: boolean;
}

export interface RotationStepParts extends KnockParts {
  readonly clock: Clock;
  /** Writes down that the device is about to be written to. What it throws stops the step with nothing written. */
  readonly beforeWriting: () => Promise<void>;
  /** Whether the stream of the camera refuses a password: what was seen, or null when it does not, or cannot be asked. */
  readonly streamRefuses: (password: string) => Promise<string | null>;
  /** What answers is another device than the camera's: its description; null when it is the same, or does not say. */
  readonly otherDevice: (device: OnvifDevice) => Promise<string | null>;
}

export type RotationOutcome = {
  readonly seen: string;
  readonly todo: string;
} & (
  | { readonly status: 'done'; readonly holds: string; readonly authMode: AuthMode | null }
  | { readonly status: 'rolled-back'; readonly holds: string }
  /** `holds`: the password that the device has, null when that is not known; `keep`: the new one may still take effect */
  | { readonly status: 'failed'; readonly holds: string | null; readonly keep: boolean }
  | { readonly status: 'unknown'; readonly restMs: number }
  /** nothing was written: it holds the one of an earlier rotation, taken late. Write that down, then begin anew. */
  | { readonly status: 'late'; readonly holds: string }
);

/** After writing, the device is asked again after so long: some restart a service, some take a while. */
const askAgainMs = [0, 1_000, 3_000, 6_000, 15_000] as const;
/** After this wait a device that still takes the old password is believed; one that is away is waited for longer. */
const lateMs = 6_000;
/** A device that was away is tried again by the job, not here. */
const awayRestMs = 30_000;
/** A device that refuses both passwords may have locked the account: that passes in half an hour on most. */
const lockedRestMs = 30 * 60_000;

const untouched = 'Nothing was written to it.';
const againTodo = 'It is tried again by itself. Both passwords are kept, sealed; if it does not come back, replace or decommission the camera.';

type Found = Extract<Knock, { status: 'in' }> & { readonly has: 'new' | 'old' };
type Search = Found | { readonly status: 'neither' | 'away'; readonly seen: string; readonly restMs: number };

/** @throws HedgerowError `process.aborted`, what `beforeWriting` throws; run it again with `mayBeWritten` then */
export async function changePassword(parts: RotationStepParts, task: RotationTask, signal: AbortSignal): Promise<RotationOutcome> {
  const old = task.oldPassword;
  const fresh = task.newPassword;
  let mode = task.authMode;
  const keyOf = (password: string): Key => ({ url: task.url, username: task.username, password, authMode: mode });

  async function tryKey(password: string): Promise<Knock> {
    const answer = await knock(parts, keyOf(password), signal);
    if (answer.status === 'in') mode = answer.device.authMode ?? mode;
    return answer;
  }

  /** Which of the two the device has, asked in this order; one refusal each. */
  async function search(first: 'new' | 'old'): Promise<Search> {
    const order = first === 'new' ? (['new', 'old'] as const) : (['old', 'new'] as const);
    let seen = '';
    for (const has of order) {
      const answer = await tryKey(has === 'new' ? fresh : old);
      switch (answer.status) {
        case 'in':
          return { ...answer, has };
        case 'refused':
          seen = answer.seen;
          if (answer.attemptsLeft !== null && answer.attemptsLeft <= fewAttempts) return { status: 'neither', seen, restMs: lockedRestMs };
          continue;
        case 'open':
          return { status: 'away', seen: 'It asks nobody for a log-in now, so that no password can be proved.', restMs: awayRestMs };
        case 'away':
          return { status: 'away', seen: answer.seen, restMs: awayRestMs };
        case 'policy':
          return { status: 'away', seen: 'It refused several log-ins; the lock-out policy allows no other one now.', restMs: Math.max(awayRestMs, answer.nextTryMs - parts.clock.nowMs()) };
        default:
          answer satisfies never;
      }
    }
    return { status: 'neither', seen, restMs: lockedRestMs };
  }

  /** Proves the old password. @returns the way in, or why nothing is done */
  async function enter(): Promise<Extract<Knock, { status: 'in' }> | RotationOutcome> {
    const answer = await tryKey(old);
    if (answer.status === 'refused' && task.keptPassword !== null && (answer.attemptsLeft ?? Infinity) > fewAttempts && (await tryKey(task.keptPassword)).status === 'in') {
      return { status: 'late', holds: task.keptPassword, seen: 'It has the password of an earlier rotation, which it took late.', todo: '' };
    }
    switch (answer.status) {
      case 'in':
        return answer;
      case 'open':
        return failed('It asks nobody for a log-in, so that a password cannot be proved.', 'Switch authentication on in the device, then rotate again.');
      case 'refused':
        return failed(`It refuses the password that it is registered with. ${answer.seen}`, 'Enter the password that the device has, then rotate again.');
      case 'away':
        return failed(answer.seen, 'See that the device is on and reachable, then rotate again.');
      case 'policy':
        return failed('It refused several log-ins lately; the lock-out policy allows no other one now.', `Rotate again after ${new Date(answer.nextTryMs).toISOString()}.`);
    }
  }

  const failed = (seen: string, todo: string): RotationOutcome => ({ status: 'failed', holds: null, keep: task.mayBeWritten, seen: `${seen} ${untouched}`, todo });

  async function write(device: OnvifDevice, user: DeviceUser, password: string): Promise<{ said: 'yes' | 'no' | 'nothing'; seen: string }> {
    try {
      await device.setPassword(user, password);
      return { said: 'yes', seen: 'It said yes.' };
    } catch (thrown) {
      const error = deviceError(thrown);
      const no = (error.code === 'camera.password' && error.context['refused'] !== false) || error.code === 'camera.auth';
      return { said: no ? 'no' : 'nothing', seen: error.message };
    }
  }

  /** Asks until it is clear what the device has, or it is not worth asking on. */
  async function settle(wrote: { said: 'yes' | 'no' | 'nothing'; seen: string }): Promise<Search> {
    let first: 'new' | 'old' = wrote.said === 'no' ? 'old' : 'new';
    let last: Search = { status: 'away', seen: wrote.seen, restMs: awayRestMs };
    for (const waitMs of askAgainMs) {
      if (waitMs > 0) await parts.clock.sleep(waitMs, signal);
      last = await search(first);
      if (last.status === 'in' ? last.has === 'new' || wrote.said === 'no' : last.restMs !== awayRestMs) return last;
      // It may take effect late: the old password is asked for first now, as it costs nothing while it works.
      if (last.status === 'in' && waitMs >= lateMs) return last;
      if (last.status === 'in') first = 'old';
    }
    return last;
  }

  async function roundOff(found: Found, level: DeviceUser['level'] | null, wrong: string | null): Promise<RotationOutcome> {
    if (wrong === null) return { status: 'done', holds: fresh, authMode: mode, seen: 'The device has the new password; a log-in of its own proved it.', todo: '' };
    const known = level ?? levelIn(found.users, task.username);
    if (known === null) return newStays(wrong);
    const back = await write(found.device, { username: task.username, level: known }, old);
    const now = await settleBack(back.said);
    if (now.status !== 'in') return { status: 'unknown', restMs: now.restMs, seen: `${wrong} Its old password was written again; what it has now could not be proved: ${now.seen}`, todo: againTodo };
    if (now.has === 'old') return { status: 'rolled-back', holds: old, seen: `${wrong} The old password was written back, and a log-in proved it.`, todo: 'Look at the account and the stream in the device’s own pages, then rotate again.' };
    return newStays(`${wrong} It did not take the old password back. ${back.seen}`);
  }

  /** The level of the account is never guessed: a wrong one would give it rights. */
  const newStays = (seen: string): RotationOutcome => ({ status: 'failed', holds: fresh, keep: false, seen: `${seen} The new password is kept: the device takes it.`, todo: 'Set the account right in the device’s own pages: the new password does not work everywhere.' });

  async function settleBack(said: 'yes' | 'no' | 'nothing'): Promise<Search> {
    let last = await search(said === 'no' ? 'new' : 'old');
    for (const waitMs of askAgainMs) {
      if (last.status === 'in' || last.restMs !== awayRestMs) return last;
      if (waitMs > 0) await parts.clock.sleep(waitMs, signal);
      last = await search(said === 'no' ? 'new' : 'old');
    }
    return last;
  }

  /** What does not work although the new password lets us in; null: all is well. */
  async function wrongWith(found: Found, level: DeviceUser['level'] | null): Promise<string | null> {
    const now = levelIn(found.users, task.username);
    if (now === null) return 'With the new password the account is not among those of the device, or may not read them any more.';
    if (level !== null && now !== level) return `With the new password the account is ${now}; it was ${level}.`;
    const refused = await parts.streamRefuses(fresh);
    return refused === null ? null : `The stream refuses the new password: ${refused}`;
  }

  const unknown = (at: Extract<Search, { status: 'neither' | 'away' }>): RotationOutcome => ({
    status: 'unknown',
    restMs: at.restMs,
    seen: at.status === 'neither' ? `It takes neither the old nor the new password. ${at.seen}` : `It cannot be told which password it has. ${at.seen}`,
    todo: againTodo,
  });

  let way: Extract<Knock, { status: 'in' }>;
  if (task.mayBeWritten) {
    const found = await search('new');
    if (found.status !== 'in') return unknown(found);
    if (found.has === 'new') return roundOff(found, null, await wrongWith(found, null));
    way = found;
  } else {
    const entered = await enter();
    if (entered.status !== 'in') return entered;
    way = entered;
    if (old === fresh) return { status: 'done', holds: fresh, authMode: mode, seen: 'The device has this password already.', todo: '' };
  }
  const { device, users } = way;
  if (users === null) return failed('The account may not read the accounts of the device: it is no administrator.', 'Rotate with an administrator’s account, or change the password in the device’s own pages.');
  const user = users.find((u) => u.username === task.username);
  if (!user) return failed(`The device has no account "${task.username}".`, 'It lets this log-in in all the same; look at its accounts in its own pages.');
  const other = await parts.otherDevice(device);
  if (other !== null) return failed(`Another device answers at its address: ${other}.`, 'Correct the address of the camera, or replace it; then rotate again.');
  // Two log-ins may be refused before it is clear again what the device has.
  if ((await parts.budget.standing({ host: device.address, port: device.port })).left < 2) {
    return failed('It refused log-ins lately, and another refusal might lock the account.', 'Rotate again in half an hour.');
  }

  await parts.beforeWriting();
  const wrote = await write(device, user, fresh);
  const found = await settle(wrote);
  if (found.status !== 'in') return unknown(found);
  if (found.has === 'new') return roundOff(found, user.level, await wrongWith(found, user.level));
  switch (wrote.said) {
    case 'no':
      return { status: 'failed', holds: old, keep: false, seen: `${wrote.seen} The old password still works.`, todo: 'Look at the rules for passwords in the device’s own pages (length, special characters), then rotate again with one that fits.' };
    case 'yes':
      return { status: 'failed', holds: old, keep: true, seen: 'It said that the password is changed, and still takes only the old one.', todo: 'Its firmware does not change passwords over ONVIF: change it in its own pages, and enter it at the camera.' };
    case 'nothing':
      return { status: 'failed', holds: old, keep: true, seen: `It gave no answer to the change (${wrote.seen}), and still takes the old password.`, todo: 'Rotate again; if it stays so, change the password in the device’s own pages, and enter it at the camera.' };
  }
}

function levelIn(users: readonly DeviceUser[] | null, username: string): DeviceUser['level'] | null {
  return users?.find((u) => u.username === username)?.level ?? null;
}
