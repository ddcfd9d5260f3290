/** Why a live view shows nothing now: the masker's reasons, and those of the way to the viewer. */
import type { LiveReason } from '../../contract/live-view.js';
import type { WithheldReason } from '../../contract/analysis.js';
import type { TextKey } from '../text/en.js';
import type { Translate } from '../text/translate.js';
import { reasonText } from '../village/reasons.js';

const ofTheWay: Record<Exclude<LiveReason, WithheldReason>, TextKey> = { 'no-sample': 'live.reason.no-sample', 'not-checked': 'live.reason.not-checked', 'ended': 'live.reason.ended' };

export function liveReasonText(reason: string, t: Translate): string {
  return reason in ofTheWay ? t(ofTheWay[reason as keyof typeof ofTheWay]) : reasonText(reason, t);
}
