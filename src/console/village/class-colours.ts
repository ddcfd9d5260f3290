/** The colours in which the masker draws what was detected, for the legend. A test holds them equal to the masker's. */
import type { DetectionClass } from '../../contract/detection.js';

export type Colour = readonly [red: number, green: number, blue: number];

export const silhouetteColours: Readonly<Record<DetectionClass, Colour>> = {
  person: [240, 128, 24],
  vehicle: [36, 108, 214],
  animal: [46, 158, 72],
  change: [96, 96, 96],
};
/** What lies on a part that was never seen empty. */
export const heldColour: Colour = [124, 128, 132];
