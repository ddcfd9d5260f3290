/**
 * Who may log in to a device, in which order and how often: the camera's own log-in, then the site's credential sets, as
 * many refusals as the lock-out policy leaves. One try after the other; what was refused here within the window is not
 * sent again, and a device that says that few tries are left is left alone at once.
 */
import { toRfc3339 } from '../core/clock.js';
import type { HedgerowError } from '../core/errors.js';
import type { SetLogin } from './credential-sets.js';
import type { Step } from './ladder.js';
import type { DeviceAddress } from './device-key.js';
import { fewAttempts, type Login, type LoginBudget, type LoginStanding } from './login-budget.js';
import { hintForLogin } from './onboarding-hints.js';

/** What one try ended with. Anything else that a device does is thrown. */
export type Attempt<T> =
  | { readonly status: 'in'; readonly got: T }
  | {
      readonly status: 'refused';
      /** the device's answer, for people */
      readonly seen: string;
      /** log-ins that it really refused */
      readonly refused: number;
      /** what the device says is left before it locks; null when it does not say */
      readonly attemptsLeft: number | null;
      /** `rights`: it took the log-in, whose account may not read; `way`: it asks for log-ins in a way that is not used */
      readonly because: 'log-in' | 'rights' | 'way';
    };

export type LoginOutcome<T> =
  /** `by`: the set that worked; null: the camera's own, or none was needed. `note` for the rung, empty or with a blank before it */
  | { readonly status: 'in'; readonly got: T; readonly by: SetLogin | null; readonly note: string }
  | { readonly status: 'refused'; readonly step: Extract<Step, { status: 'fail' }> };

export interface LoginParts {
  readonly device: DeviceAddress;
  /** null: none was entered for the camera */
  readonly own: Login | null;
  /** the camera was refused before and its log-in was changed since: that gives one try, whatever is left */
  readonly changed: boolean;
  readonly sets: readonly SetLogin[];
  readonly budget: LoginBudget;
  readonly windowMs: number;
}

export async function logIn<T>(parts: LoginParts, attempt: (login: Login | null, most: number) => Promise<Attempt<T>>): Promise<LoginOutcome<T>> {
  const { device, own, sets, budget } = parts;
  const refusedNames: string[] = [];
  const skippedNames: string[] = [];
  let spent = 0;
  let standing = await budget.standing(device);

  async function tried(login: Login, most: number): Promise<Attempt<T>> {
    const open = await budget.begin(device, login, most);
    let result: Attempt<T>;
    try {
      result = await attempt(login, most);
    } catch (thrown) {
      // It broke off in the middle: that may have been a refusal, so it counts as one.
      if (!isAborted(thrown)) await open.settle(1, null);
      throw thrown;
    }
    const refused = result.status === 'in' ? 0 : result.refused;
    spent += refused;
    await open.settle(refused, result.status === 'in' ? null : result.attemptsLeft);
    standing = await budget.standing(device);
    return result;
  }

  const ownMost = own === null ? 0 : ownTries(standing, own, parts.changed);
  let last = ownMost > 0 && own ? await tried(own, ownMost) : await attempt(null, 0);
  if (last.status === 'in') return { status: 'in', got: last.got, by: null, note: '' };
  if (own && ownMost > 0) refusedNames.push('its own log-in');
  else if (own) skippedNames.push('its own log-in');

  const order = inOrder(sets, standing);
  for (const [i, set] of order.entries()) {
    if (last.because !== 'log-in' || isFew(last)) break;
    if (standing.refusedHere(set)) {
      skippedNames.push(`the set "${set.name}"`);
      continue;
    }
    if (standing.left === 0) break;
    // A second way of logging in with one set must not take its only try from another one.
    const waiting = order.slice(i + 1).filter((s) => !standing.refusedHere(s)).length;
    last = await tried(set, Math.max(1, Math.min(2, standing.left - waiting)));
    if (last.status === 'in') {
      const before = refusedNames.length === 0 ? '' : ` Refused before: ${refusedNames.join(', ')} (${count(spent)}; ${leftText(standing)}).`;
      return { status: 'in', got: last.got, by: set, note: ` It took the credential set "${set.name}".${before}` };
    }
    refusedNames.push(`the set "${set.name}"`);
  }
  return { status: 'refused', step: failure(parts, last, { refusedNames, skippedNames, spent, standing, asked: own !== null || sets.length > 0 }) };
}

function failure(
  { own, sets, windowMs }: LoginParts,
  last: Extract<Attempt<unknown>, { status: 'refused' }>,
  { refusedNames, skippedNames, spent, standing, asked }: { refusedNames: readonly string[]; skippedNames: readonly string[]; spent: number; standing: LoginStanding; asked: boolean },
): Extract<Step, { status: 'fail' }> {
  if (!asked) return { status: 'fail', seen: last.seen, todo: hintForLogin('none-given') };
  const tried = refusedNames.length === 0 ? 'No log-in was sent.' : `Refused: ${refusedNames.join(', ')} (${count(spent)}).`;
  const skipped = skippedNames.length === 0 ? '' : ` Not sent again, because it was refused here within ${minutes(windowMs)}, or because the tries are used up: ${skippedNames.join(', ')}.`;
  const untried = sets.length - refusedNames.filter((n) => n.startsWith('the set')).length - skippedNames.filter((n) => n.startsWith('the set')).length;
  const seen = `${last.seen} ${tried}${skipped}${untried > 0 ? ` ${untried} more ${untried === 1 ? 'set was' : 'sets were'} not tried.` : ''} ${capital(leftText(standing))}.`;
  const why = last.because !== 'log-in' ? last.because : isFew(last) ? 'few' : own === null && refusedNames.length === 0 && standing.left > 0 ? 'none-given' : 'refused';
  const next = standing.nextTryMs === null ? '' : ` The next try is allowed at ${toRfc3339(standing.nextTryMs).slice(0, 16)}Z; a changed password of the camera gives one at once.`;
  return { status: 'fail', seen, todo: `${hintForLogin(why, spent)}${next}` };
}

/**
 * A log-in that people entered for this camera gets its two ways while tries are left, one more when it was refused here
 * before (somebody may have mended the device), and one beyond the limit when it is new: after a change, or on a port
 * that has refused nothing yet.
 */
function ownTries(standing: LoginStanding, own: Login, changed: boolean): number {
  if (standing.refusedHere(own)) return Math.min(1, standing.left);
  if (standing.left > 0) return Math.min(2, standing.left);
  return changed || standing.refusedOnPort === 0 ? 1 : 0;
}

/** Sets that this device has never refused come first; else the last ones of a long list would never have their turn. */
function inOrder(sets: readonly SetLogin[], standing: LoginStanding): SetLogin[] {
  return sets
    .map((set, i) => ({ set, i, last: standing.lastRefusedMs(set) ?? 0 }))
    .sort((a, b) => a.last - b.last || a.i - b.i)
    .map(({ set }) => set);
}

function isFew({ attemptsLeft }: { attemptsLeft: number | null }): boolean {
  return attemptsLeft !== null && attemptsLeft <= fewAttempts;
}

/** A refusal of an ONVIF conversation. */
export function refusalOf(error: HedgerowError): Extract<Attempt<never>, { status: 'refused' }> {
  const { tries, rights, attemptsLeft } = error.context;
  return {
    status: 'refused',
    seen: error.message,
    refused: typeof tries === 'number' ? tries : 1,
    attemptsLeft: typeof attemptsLeft === 'number' ? attemptsLeft : null,
    because: rights === true ? 'rights' : 'log-in',
  };
}

function isAborted(thrown: unknown): boolean {
  return thrown instanceof Error && 'kind' in thrown && thrown.kind === 'aborted';
}

function count(tries: number): string {
  return `${tries} ${tries === 1 ? 'try' : 'tries'}`;
}

function leftText({ left, nextTryMs }: LoginStanding): string {
  return nextTryMs === null ? `${left} of the tries that the lock-out policy allows ${left === 1 ? 'is' : 'are'} left` : `no try is left until ${toRfc3339(nextTryMs).slice(0, 16)}Z`;
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} minutes`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
