/** Under the live picture: its figures, that looking is recorded, and how to end it. State changes are spoken, ages are not. */
import type { CameraOnPage } from '../live/apply-event.js';
import { ageMs, oldAfterMs, picturesPerSecond } from '../live/live-figures.js';
import { Icon } from '../shell/icons.js';
import { useNow } from '../shell/use-now.js';
import { formatNumber, formatShare } from '../text/format.js';
import { useText } from '../text/i18n.js';
import type { Translate } from '../text/translate.js';
import { liveReasonText } from './live-reason.js';
import type { LiveView } from './use-live-view.js';

export function LiveBar({ camera, view }: { camera: CameraOnPage; view: LiveView }) {
  const { t, language } = useText();
  const now = useNow(500);
  const { newest } = view;
  const rate = newest === null ? null : picturesPerSecond(view.arrivals, now);
  const old = newest !== null && ageMs(newest, view.serverAheadMs, now) > oldAfterMs(camera.sampleIntervalMs);
  return (
    <div className="live-bar" data-testid="live-bar">
      <p className="spoken" role="status" data-testid="live-spoken">
        {spokenState(view, old, t)}
      </p>
      <ul className="live-figures">
        {newest !== null && newest.maskRatio !== null && <li data-testid="live-masked">{t('share.masked', { share: formatShare(newest.maskRatio, language) })}</li>}
        {rate !== null && <li data-testid="live-rate">{t('live.rate', { n: formatNumber(rate, language) })}</li>}
        {newest !== null && <li>{`${newest.widthPx} × ${newest.heightPx} px`}</li>}
      </ul>
      <p className="hint grow">
        <Icon name="list" size={13} /> {t('live.recorded')}
      </p>
      <button type="button" onClick={view.stop} data-testid="live-stop">
        <Icon name="paused" />
        {t('live.stop')}
      </button>
    </div>
  );
}

function spokenState(view: LiveView, old: boolean, t: Translate): string {
  if (view.line.status === 'refused') return `${t('live.refused')}: ${view.line.problem.detail || view.line.problem.title}`;
  if (view.line.status === 'lost') return t('live.lost');
  if (view.withheld !== null) return `${t('picture.withheld')}: ${liveReasonText(view.withheld, t)}`;
  if (view.newest === null) return t('live.waiting');
  return old ? t('live.old.spoken') : t('live.on');
}
