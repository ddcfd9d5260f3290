/** What a detector may say, and nothing else (DESIGN.md 2.5). */
import { z } from 'zod';

export const detectionClasses = ['person', 'vehicle', 'animal', 'change'] as const;
export const detectionClass = z.enum(detectionClasses);
export type DetectionClass = z.infer<typeof detectionClass>;

export interface Detection {
  readonly class: DetectionClass;
  /** 0..1; for `change` the share of the box that changed */
  readonly score: number;
  /** box in px of the frame, top-left origin */
  readonly xPx: number;
  readonly yPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** How many of each class; absent classes are zero. */
export const classCounts = z.partialRecord(detectionClass, z.number().int().min(0));
export type ClassCounts = z.infer<typeof classCounts>;
