/** What was sent, what waits, and what was given up: the last can be sent again. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Delivery } from '../../contract/alert.js';
import { api } from '../api/endpoints.js';
import { keys, useChannels, useDeliveries } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { Icon, type IconName } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { formatFull, formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';

const signs: Record<Delivery['state'], IconName> = { pending: 'clock', delivered: 'good', dead: 'unreachable' };

export function Deliveries() {
  const { t, language } = useText();
  const { zoneOf, can, canEverywhere } = useSession();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const channels = useChannels(can('seeChannels')).data ?? [];
  const [state, setState] = useState<Delivery['state'] | null>(null);
  const query = useDeliveries(state);
  const replay = useMutation({
    mutationFn: (delivery: Delivery) => api.replay(delivery.id),
    onSuccess: () => {
      tell('ok', t('deliveries.replayed'));
      void queries.invalidateQueries({ queryKey: keys.deliveries });
    },
    onError: tellError,
  });
  const at = (iso: string | null, siteId: string) =>
    iso === null ? '—' : <time dateTime={iso} title={formatFull(iso, zoneOf(siteId), language)}>{formatMoment(iso, zoneOf(siteId), language, Date.now())}</time>;
  return (
    <div className="panel">
      <div className="segments" role="group" aria-label={t('deliveries.filter')}>
        {([null, 'pending', 'delivered', 'dead'] as const).map((s) => (
          <button key={s ?? 'all'} type="button" aria-pressed={state === s} onClick={() => setState(s)}>
            {s === null ? t('alert.filter.all') : t(`deliveries.${s}`)}
          </button>
        ))}
      </div>
      <ProblemBox error={query.error} />
      {query.data?.items.length === 0 && <p className="muted">{t('deliveries.none')}</p>}
      {(query.data?.items.length ?? 0) > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>{t('deliveries.state')}</th>
                <th>{t('deliveries.channel')}</th>
                <th>{t('deliveries.created')}</th>
                <th>{t('deliveries.attempts')}</th>
                <th>{t('deliveries.next')}</th>
                <th>{t('deliveries.error')}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {query.data?.items.map((delivery) => (
                <tr key={delivery.id} data-testid="delivery-row" data-state={delivery.state}>
                  <td>
                    <span className={`verdict delivery-${delivery.state}`}>
                      <Icon name={signs[delivery.state]} size={14} />
                      {t(`deliveries.${delivery.state}`)}
                    </span>
                  </td>
                  <td>{channels.find((c) => c.id === delivery.channelId)?.name ?? '—'}</td>
                  <td>
                    <a href={hrefOf({ page: 'village', alertId: delivery.alertId })}>{at(delivery.createdAt, delivery.siteId)}</a>
                  </td>
                  <td className="num">{delivery.attempts}</td>
                  <td>{at(delivery.state === 'delivered' ? delivery.deliveredAt : delivery.nextAttemptAt, delivery.siteId)}</td>
                  <td>{delivery.lastError ?? '—'}</td>
                  <td className="end">
                    {delivery.state === 'dead' && canEverywhere('replayDeliveries') && (
                      <button type="button" className="small" disabled={replay.isPending} onClick={() => replay.mutate(delivery)} data-testid="replay">
                        {t('deliveries.replay')}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
