/**
 * What counts: detections at alert strength that are confirmed by the change gate or by their own persistence, changes that
 * no detection explains, and which guard zones they stand in. Positions live for five samples at most and are never stored.
 */
import type { ZoneHit } from '../contract/analysis.js';
import type { ClassCounts, Detection } from '../contract/detection.js';
import type { Zone } from '../contract/zone.js';
import { containsPoint } from '../core/polygon.js';
import { boxShare, mergeDetections, overlapRatio, sharedArea } from './detect.js';
import { forSpan, type Grid } from './grid.js';

/** Boxes of the last samples of one camera. */
export interface Recent {
  readonly samples: { readonly atMs: number; readonly detections: readonly Detection[] }[];
}

/** Area of a change, px of the frame, under which it is noise, and under which it must last. */
const speckPx = 256;
const smallPx = 768;
const keepSamples = 5;
const keepMs = 10_000;
const hitsNeeded = 3;
/** Share of a box that must move for the gate to agree at once, and under which it is a part of the scene. */
const movingRatio = 0.15;
const stillRatio = 0.04;

export function rememberDetections(recent: Recent, atMs: number, detections: readonly Detection[]): void {
  recent.samples.push({ atMs, detections });
  while (recent.samples.length > keepSamples || (recent.samples[0] && atMs - recent.samples[0].atMs > keepMs)) recent.samples.shift();
}

/**
 * @param moving blocks that differ from the backdrop, or from their candidate where there is no backdrop yet
 * @param recent the last samples, this one included
 */
export function confirmed(grid: Grid, detections: readonly Detection[], alertScore: number, moving: Uint8Array, recent: Recent): Detection[] {
  return mergeDetections(detections.filter((d) => d.score >= alertScore)).filter((d) => {
    const share = boxShare(grid, d, moving);
    if (share >= movingRatio) return true;
    if (share < stillRatio) return false;
    const hits = recent.samples.filter((s) => s.detections.some((o) => o.class === d.class && o.score >= alertScore && overlapRatio(o, d) > 0.3));
    return hits.length >= hitsNeeded;
  });
}

/** Connected changed blocks as boxes of class `change`, without those that a detection explains. */
export function changeBlobs(grid: Grid, changed: Uint8Array, before: Uint8Array, explained: readonly Detection[]): Detection[] {
  const seen = new Uint8Array(grid.count);
  const blobs: Detection[] = [];
  for (let start = 0; start < grid.count; start++) {
    if (changed[start] === 0 || seen[start] !== 0) continue;
    const stack = [start];
    seen[start] = 1;
    let blocks = 0;
    let lasting = 0;
    let [c0, r0, c1, r1] = [grid.columns, grid.rows, 0, 0];
    for (let block = stack.pop(); block !== undefined; block = stack.pop()) {
      blocks++;
      if (before[block] !== 0) lasting++;
      const c = block % grid.columns;
      const r = Math.floor(block / grid.columns);
      [c0, r0, c1, r1] = [Math.min(c0, c), Math.min(r0, r), Math.max(c1, c), Math.max(r1, r)];
      forSpan(grid, { c0: Math.max(0, c - 1), r0: Math.max(0, r - 1), c1: Math.min(grid.columns, c + 2), r1: Math.min(grid.rows, r + 2) }, (near) => {
        if (changed[near] === 0 || seen[near] !== 0) return;
        seen[near] = 1;
        stack.push(near);
      });
    }
    // A speck may be noise; what is small must last from one sample to the next.
    const areaPx = blocks * grid.blockPx ** 2;
    if (areaPx < speckPx || (areaPx < smallPx && lasting === 0)) continue;
    const xPx = c0 * grid.blockPx;
    const yPx = r0 * grid.blockPx;
    const box: Detection = {
      class: 'change',
      score: blocks / ((c1 - c0 + 1) * (r1 - r0 + 1)),
      xPx, yPx,
      widthPx: Math.min(grid.widthPx, (c1 + 1) * grid.blockPx) - xPx,
      heightPx: Math.min(grid.heightPx, (r1 + 1) * grid.blockPx) - yPx,
    };
    if (!explained.some((d) => sharedArea(d, box) > 0.2 * Math.min(box.widthPx * box.heightPx, d.widthPx * d.heightPx))) blobs.push(box);
  }
  return blobs;
}

/** Drops what stands in an ignore zone: it is not judged (but it is masked all the same). */
export function judged(detections: readonly Detection[], zones: readonly Zone[], widthPx: number, heightPx: number): Detection[] {
  const ignore = zones.filter((z) => z.kind === 'ignore');
  return detections.filter((d) => !ignore.some((zone) => stands(d, zone, widthPx, heightPx)));
}

/** Guard zones in which something stands. */
export function zoneHits(detections: readonly Detection[], zones: readonly Zone[], widthPx: number, heightPx: number): ZoneHit[] {
  const hits: ZoneHit[] = [];
  for (const zone of zones) {
    if (zone.kind !== 'guard') continue;
    const within = detections.filter((d) => stands(d, zone, widthPx, heightPx));
    if (within.length === 0) continue;
    hits.push({ zoneId: zone.id, counts: countClasses(within), tallestRatio: Math.max(...within.map((d) => d.heightPx)) / heightPx });
  }
  return hits;
}

export function countClasses(detections: readonly Detection[]): ClassCounts {
  const counts: ClassCounts = {};
  for (const d of detections) counts[d.class] = (counts[d.class] ?? 0) + 1;
  return counts;
}

/** The foot point is inside; for a change, whose shape says little, 30 % of its box is enough. */
function stands(d: Detection, zone: Zone, widthPx: number, heightPx: number): boolean {
  if (containsPoint(zone.polygon, (d.xPx + d.widthPx / 2) / widthPx, Math.min(0.9999, (d.yPx + d.heightPx) / heightPx))) return true;
  if (d.class !== 'change') return false;
  let inside = 0;
  for (let i = 0; i < 100; i++) {
    const x = (d.xPx + (((i % 10) + 0.5) / 10) * d.widthPx) / widthPx;
    const y = (d.yPx + ((Math.floor(i / 10) + 0.5) / 10) * d.heightPx) / heightPx;
    if (containsPoint(zone.polygon, x, y)) inside++;
  }
  return inside >= 30;
}
