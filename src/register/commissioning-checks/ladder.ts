/** The onboarding ladder, climbed once more: a camera whose key frame nobody decoded is not handed over. */
import type { Rung } from '../../contract/camera.js';
import type { CommissioningCheck } from '../../contract/commissioning.js';
import { checkOf, type Asked } from './verdicts.js';

export function ladderCheck(climbed: Asked<readonly Rung[]>): CommissioningCheck {
  if (climbed.status === 'unanswered') return checkOf('ladder', 'fail', climbed.reason, 'Look at the camera and its network, then run the checklist again.');
  const rungs = climbed.value;
  const evidence = { tookMs: rungs.reduce((sum, r) => sum + r.tookMs, 0), rungsPassed: rungs.filter((r) => r.status === 'pass').length };
  const failed = rungs.find((r) => r.status === 'fail');
  if (failed) return checkOf('ladder', 'fail', `${failed.name}: ${failed.seen}`, failed.todo, { ...evidence, failedRung: failed.name });
  const last = rungs.find((r) => r.name === 'keyframe');
  if (last?.status !== 'pass') return checkOf('ladder', 'fail', 'No key frame was decoded.', 'Run the checklist again.', evidence);
  return checkOf('ladder', 'pass', last.seen, '', evidence);
}
