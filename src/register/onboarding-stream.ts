/** The climb of a plain stream: one connection tells whether the log-in is taken and whether there is a picture. */
import { parseCameraAddress } from './camera-address.js';
import { wasRefused, type Climb, type ClimbOf } from './climb-parts.js';
import { logIn } from './onboarding-login.js';
import type { Step } from './ladder.js';
import { tryStream, type StreamTry } from './stream-try.js';

export async function climbStream({ row, own, parts, ladder, signal }: ClimbOf): Promise<Pick<Climb, 'state' | 'skewMs' | 'login'>> {
  const skip = (): Promise<Step> => Promise.resolve({ status: 'skipped', seen: 'A plain stream has none.' });
  await ladder.climb('clock', skip);
  let seen: StreamTry | undefined;
  let login: Climb['login'] = null;
  const letIn = await ladder.climb('auth', async () => {
    const { host, port } = parseCameraAddress(row.address);
    const device = { host: (await parts.guard.pin(host)).address, port };
    const outcome = await logIn<StreamTry>({ device, own, changed: wasRefused(row), sets: parts.sets, budget: parts.budget, windowMs: parts.limits.lockout.windowMs }, async (given) => {
      // Sets go by Digest alone; so does a log-in that was copied from one.
      const digestOnly = given !== own || row.fromCredentialSet;
      const tried = await tryStream(row, row.address, given && { ...given, digestOnly }, parts, signal);
      if (tried.reason !== 'auth') return { status: 'in', got: tried };
      return { status: 'refused', seen: tried.step.seen, refused: tried.refusedLogin ? 1 : 0, attemptsLeft: null, because: given !== null && !tried.refusedLogin ? 'way' : 'log-in' };
    });
    if (outcome.status === 'refused') return outcome.step;
    seen = outcome.got;
    if (seen.step.status !== 'pass') return { status: 'skipped', seen: 'The stream did not get that far.' };
    login = outcome.by;
    return { status: 'pass', seen: own === null && login === null ? 'Without a log-in: everybody who reaches it may watch.' : `The stream takes the log-in.${outcome.note}` };
  });
  if (!letIn || !seen) return { state: 'answering', skewMs: null, login: null };
  const { step, reason } = seen;
  await ladder.climb('services', skip);
  await ladder.climb('profiles', skip);
  await ladder.climb('keyframe', () => Promise.resolve(step));
  const state = step.status === 'pass' ? 'online' : reason === 'unreachable' || reason === 'refused' || reason === 'protocol' ? 'reachable' : 'authenticated';
  return { state, skewMs: null, login };
}
