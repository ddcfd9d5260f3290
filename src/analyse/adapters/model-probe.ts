/**
 * Judges what a model gave on the known picture against the numbers of the manifest. Wide enough for other processors and half
 * precision, narrow enough for weights, labels, channel order or a provider that are wrong.
 */
import type { ModelProbe } from '../model-manifest.js';
import type { RawDetection } from './decoders.js';

export interface ProbeSight {
  /** from the score of the manifest's `minScore` on */
  readonly detections: readonly RawDetection[];
  /** raw, of the whole output */
  readonly output: Float32Array;
}

const scoreTolerance = 0.06;
const boxToleranceRatio = 0.06;
/** share of the output's deviation */
const outputTolerance = 0.03;

/** @returns null when it is as expected, or what is not, in words */
export function judgeProbe(probe: ModelProbe, sight: ProbeSight): string | null {
  const { mean, deviation } = spread(sight.output);
  const slack = outputTolerance * probe.outputDeviation;
  if (!(Math.abs(mean - probe.outputMean) <= slack) || !(Math.abs(deviation - probe.outputDeviation) <= slack)) {
    return `its raw output has mean ${mean.toFixed(4)} and deviation ${deviation.toFixed(4)}, expected ${probe.outputMean.toFixed(4)} and ${probe.outputDeviation.toFixed(4)}`;
  }
  const open = [...sight.detections];
  for (const wanted of probe.detections) {
    const at = open.findIndex((d) => agrees(wanted, d));
    if (at >= 0) open.splice(at, 1);
    else if (wanted.score >= probe.minScore + scoreTolerance) return `it does not find the ${wanted.class} at ${place(wanted)} (expected score ${wanted.score.toFixed(2)})`;
  }
  const strange = open.find((d) => d.score >= probe.minScore + scoreTolerance);
  return strange ? `it finds a ${strange.class} at ${place(strange)} (score ${strange.score.toFixed(2)}) that is not there` : null;
}

/** Mean and standard deviation; no number when one of the values is none. */
export function spread(values: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)) };
}

type Box = Pick<RawDetection, 'class' | 'score' | 'xPx' | 'yPx' | 'widthPx' | 'heightPx'>;

function agrees(a: Box, b: Box): boolean {
  const slackPx = Math.max(4, boxToleranceRatio * Math.max(a.widthPx, a.heightPx));
  const near = (x: number, y: number): boolean => Math.abs(x - y) <= slackPx;
  return (
    a.class === b.class && Math.abs(a.score - b.score) <= scoreTolerance &&
    near(a.xPx, b.xPx) && near(a.yPx, b.yPx) && near(a.xPx + a.widthPx, b.xPx + b.widthPx) && near(a.yPx + a.heightPx, b.yPx + b.heightPx)
  );
}

function place(d: Box): string {
  return `${Math.round(d.xPx)}, ${Math.round(d.yPx)} of ${Math.round(d.widthPx)}×${Math.round(d.heightPx)} px`;
}
