/**
 * Panic buttons: each contact of the device was pressed within 31 days and came through to an alert within 10 s (ALM-01).
 * A contact that nobody ever pressed is a warning, as most cameras have contacts to which nothing is wired.
 */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import { checkOf, unanswered, worstOf, type Asked, type Evidence, type Finding } from './verdicts.js';

/** A press test as it was written down. */
export interface PressRecord {
  readonly input: string | null;
  readonly status: 'seen' | 'silent' | 'no-inputs';
  readonly atMs: number;
  readonly toAlertMs: number | null;
}

export const freshMs = 31 * 86_400_000;
export const promptMs = 10_000;
const press = 'Press the button and run the press test; if nothing is wired to it, leave it.';

/** @param tests of this camera, the newest first */
export function panicInputsCheck(asked: Asked<readonly string[]>, tests: readonly PressRecord[], nowMs: number): CommissioningCheck {
  const name = 'panic-inputs';
  if (asked.status === 'unanswered') return unanswered(name, asked.reason, 'If a panic button is wired to it: press it and run the press test.');
  const inputs = asked.value;
  if (inputs.length === 0) return checkOf(name, 'not-applicable', 'The device has no contacts.', '', { inputs: 0 });
  const findings = inputs.map((input) => judge(input, inputs.length === 1, tests, nowMs));
  const evidence: Evidence = { inputs: inputs.length, tested: findings.filter((f) => f.status === 'pass').length };
  const slowest = Math.max(...tests.filter((t) => t.status === 'seen' && t.toAlertMs !== null && nowMs - t.atMs <= freshMs).map((t) => t.toAlertMs ?? 0));
  if (Number.isFinite(slowest)) evidence['slowestToAlertMs'] = Math.round(slowest);
  return worstOf(name, findings, evidence);
}

function judge(input: string, only: boolean, tests: readonly PressRecord[], nowMs: number): Finding {
  const label = `Contact ${input.slice(0, 60)}`;
  // A press that did not come through names no contact: with one contact it was that one.
  const test = tests.find((t) => (t.status === 'seen' && (t.input === input || only)) || (t.status === 'silent' && only));
  if (!test) return { status: 'warn', seen: `${label} was never pressed for a test.`, todo: press };
  const day = new Date(test.atMs).toISOString().slice(0, 10);
  if (test.status === 'silent') return { status: 'fail', seen: `${label}: the last press test, on ${day}, saw nothing.`, todo: 'Check the wiring and the contact\'s settings on the camera, then press and test again.' };
  if (test.toAlertMs === null) return { status: 'fail', seen: `${label} came through on ${day}, but raised no alert.`, todo: 'Check that a worker runs this camera, wait ten seconds, then press and test again.' };
  const took = `${(test.toAlertMs / 1000).toFixed(1)} s`;
  if (test.toAlertMs > promptMs) return { status: 'fail', seen: `${label} took ${took} to the alert.`, todo: 'Look for what holds it up (a busy database, a slow machine), then press and test again.' };
  if (nowMs - test.atMs > freshMs) return { status: 'warn', seen: `${label} was last pressed on ${day}, more than 31 days ago.`, todo: 'Press and test again (ALM-01).' };
  return { status: 'pass', seen: `${label}: pressed on ${day}, ${took} to the alert.`, todo: '' };
}
