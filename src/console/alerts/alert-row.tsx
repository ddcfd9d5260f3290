/** One alert of the list: picture, what, where, when, state; and what can be done when it is the chosen one. */
import { useEffect, useRef } from 'react';
import type { Alert } from '../../contract/alert.js';
import { useSession } from '../session/session-context.js';
import { useNow } from '../shell/use-now.js';
import { formatAge, formatFull, formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { AlertPicture, AlertState, Counts, whereWords } from './alert-words.js';

interface AlertRowProps {
  alert: Alert;
  selected: boolean;
  busy: boolean;
  onSelect: () => void;
  onOpen: () => void;
  onAcknowledge: () => void;
  onAssign: () => void;
  onResolve: () => void;
}

export function AlertRow({ alert, selected, busy, onSelect, onOpen, onAcknowledge, onAssign, onResolve }: AlertRowProps) {
  const { t, language } = useText();
  const { can, zoneOf } = useSession();
  const now = useNow(5000);
  const row = useRef<HTMLLIElement>(null);
  const zone = zoneOf(alert.siteId);
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const where = whereWords(alert);
  return (
    <li ref={row} className={`alert-row state-${alert.state} ${selected ? 'selected' : ''}`} data-testid="alert-row" data-alert={alert.id} aria-current={selected} onClick={onSelect}>
      <button type="button" className="alert-open" onClick={onOpen} aria-label={t('alert.open', { camera: alert.cameraName })} data-testid="alert-open">
        <AlertPicture alert={alert} />
      </button>
      <div className="alert-text">
        <div className="alert-line">
          <strong className="alert-what">
            <Counts alert={alert} />
          </strong>
          <time dateTime={alert.raisedAt} title={`${formatFull(alert.raisedAt, zone, language)} · ${formatAge(alert.raisedAt, now, language)}`}>
            {formatMoment(alert.raisedAt, zone, language, now)}
          </time>
        </div>
        {where !== '' && <div className="alert-where">{where}</div>}
        <div className="alert-line">
          <span className="muted alert-camera">{alert.cameraName}</span>
          <AlertState alert={alert} />
        </div>
        {alert.assignee !== null && alert.state !== 'resolved' && <div className="muted">{t('alert.assigned-to', { name: alert.assignee })}</div>}
        {alert.state === 'resolved' && alert.resolveReason !== null && <div className="muted">{t(`reason.${alert.resolveReason}`)}</div>}
      </div>
      {can('handleAlerts', alert.siteId) && alert.state !== 'resolved' && (
        <div className="alert-actions">
          {alert.state === 'raised' && (
            <button type="button" className="small primary" disabled={busy} onClick={onAcknowledge} data-testid="acknowledge">
              {t('alert.acknowledge')} {selected && <kbd>a</kbd>}
            </button>
          )}
          <button type="button" className="small" disabled={busy} onClick={onAssign} data-testid="assign">
            {t('alert.assign')} {selected && <kbd>s</kbd>}
          </button>
          <button type="button" className="small" disabled={busy} onClick={onResolve} data-testid="resolve">
            {t('alert.resolve')} {selected && <kbd>r</kbd>}
          </button>
        </div>
      )}
    </li>
  );
}
