/** An alert in words: what was there, where, in which state. Used by the row and by the dialog. */
import type { Alert } from '../../contract/alert.js';
import { classIcon, Icon, type IconName } from '../shell/icons.js';
import { StoredPicture } from '../shell/stored-picture.js';
import { useText } from '../text/i18n.js';
import type { Translate } from '../text/translate.js';
import { reasonText } from '../village/reasons.js';
import { countsOf } from './alert-list.js';

export function countWords(alert: Alert, t: Translate): string {
  if (alert.kind === 'input') return t('alert.input');
  const counts = countsOf(alert);
  return counts.length === 0 ? t('alert.something') : counts.map((c) => t(`count.${c.class}`, { count: c.count })).join(', ');
}

export function Counts({ alert }: { alert: Alert }) {
  const { t } = useText();
  if (alert.kind === 'input') {
    return (
      <span className="count-class class-input">
        <Icon name="input" /> {t('alert.input')}
      </span>
    );
  }
  const counts = countsOf(alert);
  if (counts.length === 0) return <span>{t('alert.something')}</span>;
  return counts.map((c) => (
    <span key={c.class} className={`count-class class-${c.class}`}>
      <Icon name={classIcon[c.class]} />
      {t(`count.${c.class}`, { count: c.count })}
    </span>
  ));
}

const stateIcon: Record<Alert['state'], IconName> = { raised: 'bell', acknowledged: 'check', assigned: 'user', resolved: 'good' };

export function AlertState({ alert }: { alert: Alert }) {
  const { t } = useText();
  return (
    <span className={`badge alert-${alert.state}`} data-testid="alert-state" data-state={alert.state}>
      <Icon name={stateIcon[alert.state]} size={13} />
      {t(`alert.state.${alert.state}`)}
    </span>
  );
}

/** The zone and place that an alert is about: never who. */
export function whereWords(alert: Alert): string {
  return [alert.zoneName, alert.placeName].filter((w) => w !== null && w !== '').join(' · ');
}

/** The stored picture of an alert, or why it has none. */
export function AlertPicture({ alert, eager = false }: { alert: Alert; eager?: boolean }) {
  const { t } = useText();
  const without = (reason: string) => (
    <div className="alert-picture none" title={reason}>
      <Icon name="mask" size={18} />
      <span>{reason}</span>
    </div>
  );
  if (alert.pictureId === null) return without(alert.noPictureReason === null ? t('picture.none') : reasonText(alert.noPictureReason, t));
  return (
    <div className="alert-picture">
      <StoredPicture
        id={alert.pictureId}
        siteId={alert.siteId}
        takenAt={alert.raisedAt}
        alt={t('alert.picture', { what: countWords(alert, t), camera: alert.cameraName })}
        eager={eager}
        testId="alert-picture"
        instead={without}
      />
    </div>
  );
}
