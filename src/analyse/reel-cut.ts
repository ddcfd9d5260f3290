/** What of a camera's pictures becomes a reel: those of its window that have the size of the first one, and the gaps between them. */
import type { ReelGapReason } from '../contract/reel.js';
import type { Gap, ReelRing, RingPicture } from './reel-ring.js';

export interface ReelCut {
  readonly pictures: readonly RingPicture[];
  readonly gaps: readonly Gap[];
  /** the last picture stands until then, epoch ms */
  readonly untilMs: number;
}

/** A stretch without a picture is a gap from so many intervals on, and never under so many ms. */
const gapIntervals = 3;
const gapFromMs = 3_000;

/** @param by.cutAtMs set when the reel ended before `untilMs`; all times epoch ms */
export function reelCut(by: {
  ring: Pick<ReelRing, 'between' | 'reasonBetween'>;
  cameraId: string;
  fromMs: number;
  untilMs: number;
  cutAtMs: number | undefined;
  intervalMs: number;
}): ReelCut {
  const untilMs = by.cutAtMs ?? by.untilMs;
  const all = by.ring.between(by.cameraId, by.fromMs, untilMs);
  const size = all[0]?.picture.receipt;
  const fits = ({ picture: { receipt } }: RingPicture): boolean => receipt.widthPx === size?.widthPx && receipt.heightPx === size.heightPx;
  const pictures = all.filter(fits);
  const others = all.filter((entry) => !fits(entry));
  const gaps: Gap[] = [];
  const moments = [by.fromMs, ...pictures.map((entry) => entry.atMs), untilMs];
  for (const [i, toMs] of moments.entries()) {
    const fromMs = moments[i - 1] ?? toMs;
    if (toMs - fromMs <= Math.max(gapFromMs, gapIntervals * by.intervalMs)) continue;
    const resized = others.some((entry) => entry.atMs > fromMs && entry.atMs < toMs);
    const reason = resized ? ('other-size' satisfies ReelGapReason) : (by.ring.reasonBetween(by.cameraId, fromMs, toMs) ?? ('no-sample' satisfies ReelGapReason));
    gaps.push({ fromMs, toMs, reason });
  }
  if (untilMs < by.untilMs) gaps.push({ fromMs: untilMs, toMs: by.untilMs, reason: 'cut' satisfies ReelGapReason });
  return { pictures, gaps, untilMs };
}
