/** Sound is not recorded (EDPB 3/2019, 129; PRV-09): no audio encoder in the stream that is used, and better in none. */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { StreamFacts } from './streams.js';
import { checkOf, unanswered, type Asked } from './verdicts.js';

const todo = 'Switch audio off for every stream of the camera, and the microphone if it has one of its own.';

export function audioCheck(asked: Asked<StreamFacts>): CommissioningCheck {
  if (asked.status === 'unanswered') return unanswered('audio', asked.reason, 'Look on the camera\'s own page whether audio is off.');
  const { profiles, usedToken } = asked.value;
  const loud = profiles.filter((p) => p.audio === true);
  const silent = profiles.filter((p) => p.audio === null);
  const evidence = { profiles: profiles.length, withAudio: loud.map((p) => p.token).join(', ').slice(0, 300), notTold: silent.length };
  const names = loud.map((p) => `"${p.name.slice(0, 60)}"`).join(', ');
  if (loud.some((p) => p.token === usedToken)) return checkOf('audio', 'fail', `The stream that is watched carries sound (${names}).`, todo, evidence);
  if (loud.length > 0) return checkOf('audio', 'warn', `Streams that are not watched carry sound: ${names}. A recorder that takes them records it.`, todo, evidence);
  if (profiles.length === 0 || silent.length > 0) return checkOf('audio', 'unverified', 'It does not tell whether its streams carry sound.', 'Look on the camera\'s own page whether audio is off.', evidence);
  return checkOf('audio', 'pass', `No audio encoder in ${profiles.length === 1 ? 'its stream' : `any of its ${profiles.length} streams`}.`, '', evidence);
}
