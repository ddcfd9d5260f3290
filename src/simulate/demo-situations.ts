/** What goes on in the demo from the start, camera by camera: somebody who sees it for the first time sees how stillness is treated. */
import type { SituationInput } from './scene/situation.js';

/** The first four are what a small demo has: nothing there stirs in a guarded place. */
const demo: readonly (readonly SituationInput[])[] = [
  [],
  [{ fault: 'park' }],
  [],
  [{ fault: 'bench' }, { fault: 'sleep' }],
  [{ fault: 'crowd' }, { fault: 'clouds', depth: 0.25 }],
  [{ fault: 'stand', spot: 2 }, { fault: 'rain' }],
  [{ fault: 'infrared' }, { fault: 'park' }],
  [{ fault: 'sway', reachPx: 5 }, { fault: 'snow', strength: 0.4 }],
];

export function demoSituations(cameraIndex: number): readonly SituationInput[] {
  return demo[cameraIndex] ?? [];
}
