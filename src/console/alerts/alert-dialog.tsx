/** One alert in full: the picture in large, the facts, every step with who and when, and what can be done. */
import { useState } from 'react';
import type { Alert } from '../../contract/alert.js';
import { useSession } from '../session/session-context.js';
import { Dialog } from '../shell/dialog.js';
import { hrefOf } from '../shell/route.js';
import { formatFull, formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { AssignForm, ResolveForm } from './alert-forms.js';
import { AlertReel } from './alert-reel.js';
import { AlertState, Counts, countWords } from './alert-words.js';
import type { AlertActions } from './use-alert-actions.js';

export type AlertAsk = 'none' | 'assign' | 'resolve';

export function AlertDialog({ alert, actions, ask: firstAsk, onClose }: { alert: Alert; actions: AlertActions; ask: AlertAsk; onClose: () => void }) {
  const { t, language } = useText();
  const { can, zoneOf, sites } = useSession();
  const [ask, setAsk] = useState<AlertAsk>(firstAsk);
  const zone = zoneOf(alert.siteId);
  const mayAct = can('handleAlerts', alert.siteId) && alert.state !== 'resolved';
  const site = sites.find((s) => s.id === alert.siteId);
  const done = (): void => {
    if (firstAsk === 'none') setAsk('none');
    else onClose();
  };
  return (
    <Dialog title={`${countWords(alert, t)} · ${alert.cameraName}`} onClose={onClose} wide testId="alert-dialog">
      <div className="alert-detail">
        <AlertReel alert={alert} />
        <div>
          <p className="alert-what">
            <Counts alert={alert} /> <AlertState alert={alert} />
          </p>
          <dl className="facts">
            <Fact label={t('alert.raised-at')} value={formatFull(alert.raisedAt, zone, language)} />
            {alert.lastSeenAt !== alert.raisedAt && <Fact label={t('alert.last-seen')} value={formatFull(alert.lastSeenAt, zone, language)} />}
            {site && sites.length > 1 && <Fact label={t('summary.site')} value={site.name} />}
            {alert.zoneName !== null && <Fact label={t('alert.zone')} value={alert.zoneName} />}
            {alert.placeName !== null && <Fact label={t('alert.place')} value={alert.placeName} />}
            {alert.ruleName !== null && <Fact label={t('alert.rule')} value={alert.ruleName} />}
            {alert.assignee !== null && <Fact label={t('alert.assignee')} value={alert.assignee} />}
            {alert.resolveReason !== null && <Fact label={t('alert.reason')} value={t(`reason.${alert.resolveReason}`)} />}
            <div>
              <dt>{t('alert.camera')}</dt>
              <dd>
                <a href={hrefOf({ page: 'camera', cameraId: alert.cameraId })}>{alert.cameraName}</a>
              </dd>
            </div>
          </dl>
          <h3>{t('alert.steps')}</h3>
          <ol className="steps">
            {alert.steps.map((step, i) => (
              <li key={i}>
                <time dateTime={step.at} title={formatFull(step.at, zone, language)}>
                  {formatMoment(step.at, zone, language, Date.now())}
                </time>
                <span>
                  <b>{t(`alert.state.${step.step}`)}</b> {step.step !== 'raised' && step.actor}
                  {step.note !== null && step.note !== '' && <q>{step.note}</q>}
                </span>
              </li>
            ))}
          </ol>
        </div>
      </div>
      {mayAct && ask === 'none' && (
        <div className="actions end">
          {alert.state === 'raised' && (
            <button type="button" className="primary" disabled={actions.busy.has(alert.id)} onClick={() => void actions.acknowledge(alert)} data-testid="dialog-acknowledge">
              {t('alert.acknowledge')}
            </button>
          )}
          <button type="button" onClick={() => setAsk('assign')}>
            {t('alert.assign')}
          </button>
          <button type="button" onClick={() => setAsk('resolve')} data-testid="dialog-resolve">
            {t('alert.resolve')}
          </button>
        </div>
      )}
      {mayAct && ask === 'assign' && <AssignForm alert={alert} actions={actions} onDone={done} />}
      {mayAct && ask === 'resolve' && <ResolveForm alert={alert} actions={actions} onDone={done} />}
    </Dialog>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
