/** Rules: which class in which guard zone, armed when, why, and until when. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Rule } from '../../contract/alert.js';
import { api } from '../api/endpoints.js';
import { keys, useCameras, useRules, useSchedules, useZones } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { classIcon, Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { formatDate } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { NewRule } from './new-rule.js';

export function Rules() {
  const { t, language } = useText();
  const { siteId, can } = useSession();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const query = useRules();
  const zones = useZones().data ?? [];
  const cameras = useCameras().data ?? [];
  const schedules = useSchedules().data ?? [];
  const [removing, setRemoving] = useState<Rule | null>(null);
  const rules = (query.data ?? []).filter((r) => siteId === null || r.siteId === siteId);
  const remove = useMutation({
    mutationFn: (rule: Rule) => api.removeRule(rule.id),
    onSuccess: () => {
      tell('ok', t('rules.removed'));
      void queries.invalidateQueries({ queryKey: keys.rules });
    },
    onError: tellError,
  });
  return (
    <>
      <ProblemBox error={query.error} />
      <ul className="rows panel">
        {rules.map((rule) => (
          <li key={rule.id} data-testid="rule-row">
            <div className="grow">
              <b>{rule.name}</b>{' '}
              {rule.classes.map((c) => (
                <span key={c} className={`count-class class-${c}`}>
                  <Icon name={classIcon[c]} size={13} />
                  {t(`class.${c}`)}
                </span>
              ))}
              <div className="muted">
                {cameras.find((c) => c.id === rule.cameraId)?.name ?? '—'} · {zones.find((z) => z.id === rule.zoneId)?.name ?? '—'} · {schedules.find((s) => s.id === rule.scheduleId)?.name ?? '—'}
                {rule.dwellMs > 0 && ` · ${t('rules.dwell', { n: rule.dwellMs / 1000 })}`}
              </div>
              <div className="muted">
                {rule.reason} · {t('rules.ends', { date: formatDate(rule.endsOn, language) })}
              </div>
            </div>
            <span className={`tag ${rule.armed ? 'tag-armed' : 'tag-off'}`}>{!rule.enabled ? t('rule.disabled') : rule.armed ? t('rule.armed') : t('rule.disarmed')}</span>
            {can('editRules', rule.siteId) && (
              <button type="button" className="bare" onClick={() => setRemoving(rule)} aria-label={t('rules.remove', { name: rule.name })}>
                <Icon name="trash" />
              </button>
            )}
          </li>
        ))}
        {query.isSuccess && rules.length === 0 && <li className="muted">{t('rules.none')}</li>}
      </ul>
      {can('editRules') && <NewRule />}
      {removing && <Confirm title={t('rules.remove', { name: removing.name })} text={t('rules.remove.question')} action={t('action.remove')} onConfirm={() => remove.mutate(removing)} onClose={() => setRemoving(null)} />}
    </>
  );
}
