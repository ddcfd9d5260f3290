/** Acknowledge, assign, resolve: always on the version that was seen. When somebody was first, it says who. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import type { Alert } from '../../contract/alert.js';
import { api } from '../api/endpoints.js';
import { isConflict } from '../api/problem.js';
import { keys, type AlertPages } from '../api/queries.js';
import { upsertAlertPages } from '../live/apply-event.js';
import { useSession } from '../session/session-context.js';
import { useNotices } from '../shell/notices.js';
import { formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { lastStep } from './alert-list.js';

export type ResolveReason = NonNullable<Alert['resolveReason']>;

export interface AlertActions {
  readonly busy: ReadonlySet<string>;
  readonly acknowledge: (alert: Alert, note?: string) => Promise<boolean>;
  readonly assign: (alert: Alert, assignee: string, note?: string) => Promise<boolean>;
  readonly resolve: (alert: Alert, reason: ResolveReason, note?: string) => Promise<boolean>;
}

export function useAlertActions(): AlertActions {
  const queries = useQueryClient();
  const { t, language } = useText();
  const { tell, tellError } = useNotices();
  const { zoneOf } = useSession();
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());

  const take = useCallback(
    (alert: Alert) => queries.setQueryData<AlertPages>(keys.alerts, (data) => (data ? upsertAlertPages(data, alert) : data)),
    [queries],
  );

  const act = async (alert: Alert, send: () => Promise<Alert>): Promise<boolean> => {
    setBusy((b) => new Set(b).add(alert.id));
    try {
      take(await send());
      return true;
    } catch (error) {
      if (!isConflict(error)) {
        tellError(error);
        return false;
      }
      try {
        const fresh = await api.alert(alert.id);
        take(fresh);
        const first = lastStep(fresh);
        if (first) {
          tell('info', t('alert.conflict', { actor: first.actor, step: t(`alert.state.${first.step}`), time: formatMoment(first.at, zoneOf(fresh.siteId), language, Date.now()) }), t('alert.reloaded'));
        } else tellError(error);
      } catch (second) {
        tellError(second);
      }
      return false;
    } finally {
      setBusy((b) => new Set([...b].filter((id) => id !== alert.id)));
    }
  };

  const noted = (note?: string): { note?: string } => (note?.trim() ? { note: note.trim() } : {});
  return {
    busy,
    acknowledge: (alert, note) => act(alert, () => api.acknowledge(alert.id, { ...noted(note), version: alert.version })),
    assign: (alert, assignee, note) => act(alert, () => api.assign(alert.id, { assignee, ...noted(note), version: alert.version })),
    resolve: (alert, reason, note) => act(alert, () => api.resolve(alert.id, { reason, ...noted(note), version: alert.version })),
  };
}
