/** The list of alerts, live and newest first, with its keys. */
import { useEffect, useRef, useState } from 'react';
import type { Alert } from '../../contract/alert.js';
import { useAlert, useAlertPages } from '../api/queries.js';
import { useLive } from '../live/live-context.js';
import { useSession } from '../session/session-context.js';
import { recall, remember } from '../shell/browser-store.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { goTo } from '../shell/route.js';
import { useKeys } from '../shell/use-keys.js';
import { useText } from '../text/i18n.js';
import { AlertDialog, type AlertAsk } from './alert-dialog.js';
import { isOpen, moveSelection, selectionAfter, shown, type AlertFilter } from './alert-list.js';
import { AlertRow } from './alert-row.js';
import { countWords, whereWords } from './alert-words.js';
import { useAlertActions } from './use-alert-actions.js';

const noAlerts: readonly Alert[] = [];

export function AlertPane({ openAlertId }: { openAlertId: string | null }) {
  const { t } = useText();
  const { siteId, can } = useSession();
  const { onRaised } = useLive();
  const query = useAlertPages();
  const actions = useAlertActions();
  const [filter, setFilter] = useState<AlertFilter>(() => (recall('alert-filter') === 'all' ? 'all' : 'open'));
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [ask, setAsk] = useState<AlertAsk>('none');
  const [spoken, setSpoken] = useState('');

  const every = query.data?.pages.flatMap((p) => p.items) ?? noAlerts;
  const alerts = shown(every, filter, siteId);
  const before = useRef<readonly Alert[]>(alerts);
  const current = selectionAfter(before.current, alerts, selectedId);
  useEffect(() => {
    before.current = alerts;
    if (current !== selectedId) setSelectedId(current);
  });

  useEffect(() => onRaised((alert) => setSpoken(t('alert.spoken', { what: countWords(alert, t), where: whereWords(alert) || alert.cameraName }))), [onRaised, t]);

  const selected = alerts.find((a) => a.id === current);
  const onPage = every.find((a) => a.id === openAlertId);
  const fetched = useAlert(openAlertId, query.isSuccess && onPage === undefined);
  const opened = onPage ?? fetched.data;
  const open = (alert: Alert, how: AlertAsk): void => {
    setSelectedId(alert.id);
    setAsk(how);
    goTo({ page: 'village', alertId: alert.id });
  };
  const mayAct = selected !== undefined && can('handleAlerts', selected.siteId) && isOpen(selected);
  useKeys({
    j: () => setSelectedId(moveSelection(alerts, current, 1)),
    k: () => setSelectedId(moveSelection(alerts, current, -1)),
    Enter: () => selected && open(selected, 'none'),
    a: () => mayAct && selected.state === 'raised' && void actions.acknowledge(selected),
    s: () => mayAct && open(selected, 'assign'),
    r: () => mayAct && open(selected, 'resolve'),
  });

  const choose = (next: AlertFilter): void => {
    remember('alert-filter', next);
    setFilter(next);
  };

  return (
    <>
      <div className="toolbar">
        <h2>
          {t('village.alerts')} <span className="muted">{shown(every, 'open', siteId).length}</span>
        </h2>
        <div className="segments" role="group" aria-label={t('alert.filter')}>
          {(['open', 'all'] as const).map((f) => (
            <button key={f} type="button" aria-pressed={filter === f} onClick={() => choose(f)} data-testid={`filter-${f}`}>
              {t(`alert.filter.${f}`)}
            </button>
          ))}
        </div>
      </div>
      <p className="spoken" aria-live="assertive" data-testid="spoken">
        {spoken}
      </p>
      <ProblemBox error={query.error ?? fetched.error} />
      {query.isSuccess && alerts.length === 0 && (
        <div className="empty" data-testid="no-alerts">
          <Icon name="good" size={28} />
          <strong>{filter === 'open' ? t('alert.none-open') : t('alert.none')}</strong>
          <p>{t('alert.none.hint')}</p>
        </div>
      )}
      <ul className="alert-list" data-testid="alert-list">
        {alerts.map((alert) => (
          <AlertRow
            key={alert.id}
            alert={alert}
            selected={alert.id === current}
            busy={actions.busy.has(alert.id)}
            onSelect={() => setSelectedId(alert.id)}
            onOpen={() => open(alert, 'none')}
            onAcknowledge={() => void actions.acknowledge(alert)}
            onAssign={() => open(alert, 'assign')}
            onResolve={() => open(alert, 'resolve')}
          />
        ))}
      </ul>
      {query.hasNextPage && (
        <button type="button" className="more" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('alert.older')}
        </button>
      )}
      {opened && (
        <AlertDialog
          key={`${opened.id}/${ask}`}
          alert={opened}
          actions={actions}
          ask={ask}
          onClose={() => {
            setAsk('none');
            goTo({ page: 'village', alertId: null });
          }}
        />
      )}
    </>
  );
}
