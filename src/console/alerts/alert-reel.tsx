/** The picture of an alert, or its reel once there is one: being recorded, playable, or why there is none. */
import { useRef } from 'react';
import type { Alert } from '../../contract/alert.js';
import { Problem } from '../api/problem.js';
import { usePicture, useReel } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { Icon } from '../shell/icons.js';
import { useNow } from '../shell/use-now.js';
import { useText } from '../text/i18n.js';
import { PictureLegend, PictureShares } from '../village/picture-figures.js';
import { reasonText } from '../village/reasons.js';
import { AlertPicture } from './alert-words.js';
import { ReelPlayer } from './reel-player.js';
import { afterMs, askAgainInMs, reelWait } from './reel-times.js';

/** Auditors look at stored evidence, never live: a reel opens to them so long after its last picture (the API decides). */
const evidenceAgeMs = 15 * 60_000;
const dayMs = 86_400_000;
/** as the API says it; there is nothing to wait for then */
const switchedOff = 'There is none: reels are switched off here.';

export function AlertReel({ alert }: { alert: Alert }) {
  const { t } = useText();
  const { can, sites } = useSession();
  const now = useNow(1000);
  const young = !can('seeLive', alert.siteId) && now < Date.parse(alert.raisedAt) + afterMs + evidenceAgeMs;
  const readable = can('seeStored', alert.siteId) && !young;
  const query = useReel(alert.id, readable, () => askAgainInMs(alert.raisedAt, Date.now()));
  const picture = usePicture(alert.pictureId).data;
  const spoken = useRef(false);
  const wait = reelWait(alert.raisedAt, now);
  const missing = query.error instanceof Problem && query.error.status === 404;
  const off = query.error instanceof Problem && query.error.detail === switchedOff;
  const keptDays = sites.find((s) => s.id === alert.siteId)?.retentionDays;
  const over = keptDays !== undefined && now > Date.parse(alert.raisedAt) + keptDays * dayMs;

  const words = (): string | null => {
    if (young) return t('reel.none', { reason: t('picture.young') });
    if (query.isPending || !readable) return null;
    if (query.error && !missing) return t('reel.none', { reason: query.error instanceof Problem && query.error.code !== 'network' ? query.error.detail || query.error.title : t('error.network') });
    if (off) return t('reel.none', { reason: t('reel.none.off') });
    if (wait.status === 'recording') return t('reel.recording', { s: Math.ceil(wait.readyInMs / 1000) });
    if (wait.status === 'late') return t('reel.late');
    if (over) return t('reel.none', { reason: t('reel.gone') });
    return t('reel.none', { reason: alert.noPictureReason === null ? t('reel.none.unmade') : reasonText(alert.noPictureReason, t) });
  };
  const waiting = query.data ? null : words();
  // Who hears "being recorded" shall hear that it is there; a reel that was there from the beginning is not announced.
  if (waiting !== null && wait.status !== 'none' && !off) spoken.current = true;

  return (
    <div className="alert-reel">
      {query.data ? <ReelPlayer alert={alert} reel={query.data} /> : <AlertPicture alert={alert} eager />}
      <p className="spoken" role="status" data-testid="reel-spoken">
        {query.data && spoken.current ? t('reel.ready') : ''}
      </p>
      {waiting !== null && (
        <p className={`reel-wait ${wait.status}`} data-testid="reel-wait" data-status={young ? 'young' : wait.status}>
          <Icon name={missing && !off && wait.status !== 'none' ? 'clock' : 'mask'} size={14} /> {waiting}
        </p>
      )}
      {picture && <PictureShares picture={picture} />}
      <PictureLegend />
    </div>
  );
}
