/** The port of the object detector. */
import type { Detection } from './detection.js';
import type { Frame } from './frame.js';

export interface DetectorInfo {
  readonly name: string;
  /** SHA-256 of the weights, hex; it stands in every receipt */
  readonly modelHash: string;
  /** what computes: the first of the configured execution providers ("cpu", "cuda") */
  readonly provider?: string;
}

export type DetectOutcome =
  | { readonly status: 'ok'; readonly detections: readonly Detection[]; readonly inferenceMs: number }
  /** a newer sample of the same camera took its place, or more cameras wait than the detector can serve */
  | { readonly status: 'dropped' }
  | { readonly status: 'failed'; readonly detail: string };

export interface Detector {
  readonly info: DetectorInfo;
  /**
   * Detections with score >= `minScore`. The frame's bytes are read until the outcome is there (do not change them before) and
   * never kept. Never throws for a bad frame.
   */
  detect(frame: Pick<Frame, 'cameraId' | 'rgb' | 'widthPx' | 'heightPx'>, minScore: number): Promise<DetectOutcome>;
  close(): Promise<void>;
}
