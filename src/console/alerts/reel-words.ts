/** A reel in words: a moment before the alert, at it, after it; why a stretch has no picture. */
import type { TextKey } from '../text/en.js';
import type { Translate } from '../text/translate.js';
import { reasonText } from '../village/reasons.js';

/** @param fromAlertMs negative before the alert */
export function sideWords(fromAlertMs: number, t: Translate): string {
  const s = Math.round(Math.abs(fromAlertMs) / 100) / 10;
  if (s < 0.3) return t('reel.moment');
  return fromAlertMs < 0 ? t('reel.before', { s }) : t('reel.after', { s });
}

/** `reelGapReasons` of the contract; a test holds them equal. */
const gapKeys: Readonly<Record<string, TextKey>> = { 'quiet': 'gap.quiet', 'not-armed': 'gap.not-armed', 'no-sample': 'gap.no-sample', 'other-size': 'gap.other-size', 'memory': 'gap.memory', 'cut': 'gap.cut' };

/** A reason of a reel's own, or the one for which pictures were withheld. */
export function gapWords(reason: string, t: Translate): string {
  const key = gapKeys[reason];
  return key ? t(key) : reasonText(reason, t);
}
