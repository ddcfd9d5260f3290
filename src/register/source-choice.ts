/** Which video source of a device a camera is: a recorder has many, each registered as a camera of its own. */
import type { Step } from './ladder.js';
import type { MediaProfile } from './onvif-client.js';
import type { TakenSource } from './device-twins.js';

export type SourceChoice =
  | { readonly status: 'chosen'; readonly profiles: readonly MediaProfile[]; /** for the rung; empty or with a blank before it */ readonly note: string }
  | { readonly status: 'none'; readonly step: Extract<Step, { status: 'fail' }> };

/** So many tokens are named in a rung. */
const namedAtMost = 16;

/**
 * @param wanted the camera's `sourceToken`; null: the first source
 * @param taken the other cameras of this device
 */
export function chooseSource(profiles: readonly MediaProfile[], wanted: string | null, taken: readonly TakenSource[]): SourceChoice {
  const sources = [...new Set(profiles.map((p) => p.sourceToken).filter((t) => t !== null))];
  const first = sources[0] ?? null;
  const takenBy = (source: string): TakenSource | undefined => taken.find((t) => (t.sourceToken ?? first) === source);
  const free = sources.filter((s) => !takenBy(s));
  if (wanted !== null && !sources.includes(wanted)) {
    const has = sources.length === 0 ? 'it does not say which it has' : `it has ${named(sources)}`;
    return { status: 'none', step: { status: 'fail', seen: `The device has no video source "${wanted}"; ${has}.`, todo: sources.length === 0 ? 'Take the source (sourceToken) away from this camera.' : 'Correct the source (sourceToken) of this camera.' } };
  }
  const mine = wanted ?? first;
  const other = mine === null ? undefined : takenBy(mine);
  if (mine !== null && other) {
    const todo = free.length > 0 ? `Give this camera the source (sourceToken) that it shows. Not registered yet: ${named(free)}.` : 'Every source of this device is registered: remove one of the two cameras.';
    return { status: 'none', step: { status: 'fail', seen: `The video source "${mine}" of this device is registered already as ${other.name}.`, todo } };
  }
  const chosen = mine === null ? profiles : profiles.filter((p) => p.sourceToken === mine);
  if (sources.length < 2) return { status: 'chosen', profiles: chosen, note: '' };
  const registered = sources.filter((s) => takenBy(s) || s === mine);
  const missing = free.filter((s) => s !== mine);
  const add = missing.length === 0 ? 'all are registered' : `registered: ${named(registered)}; add the others (${named(missing)}), each as a camera with this address and its source (sourceToken)`;
  return { status: 'chosen', profiles: chosen, note: ` This device has ${sources.length} video sources, and this camera is "${mine}"; ${add}.` };
}

function named(tokens: readonly string[]): string {
  const shown = tokens.slice(0, namedAtMost).map((t) => `"${t}"`).join(', ');
  return tokens.length > namedAtMost ? `${shown} and ${tokens.length - namedAtMost} more` : shown;
}
