/** The sites that are known, and a new one. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { CheckField, TextField } from '../shell/fields.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';
import { parseRing } from './ring.js';

export function Sites() {
  const { t } = useText();
  const { sites, canEverywhere } = useSession();
  return (
    <>
      <ul className="rows panel">
        {sites.map((site) => (
          <li key={site.id} data-testid="site-row">
            <div className="grow">
              <b>{site.name}</b>
              <div className="muted">
                {site.timeZone} · {t('sites.keeps', { count: site.retentionDays })} · {site.boundary.length > 2 ? t('sites.boundary', { count: site.boundary.length }) : t('sites.no-boundary')}
                {site.requireDetector && ` · ${t('sites.require')}`}
              </div>
            </div>
          </li>
        ))}
        {sites.length === 0 && <li className="muted">{t('sites.none')}</li>}
      </ul>
      {canEverywhere('createSites') && <NewSite />}
    </>
  );
}

function NewSite() {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [timeZone, setTimeZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [days, setDays] = useState('30');
  const [requireDetector, setRequireDetector] = useState(false);
  const [boundary, setBoundary] = useState('');
  const ring = parseRing(boundary);
  const create = useMutation({
    mutationFn: () => api.createSite({ name: name.trim(), timeZone: timeZone.trim(), retentionDays: Number(days), requireDetector, boundary: ring ?? [] }),
    onSuccess: (site) => {
      tell('ok', t('sites.created', { name: site.name }));
      setName('');
      setBoundary('');
      void queries.invalidateQueries({ queryKey: keys.sites });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ring !== null) create.mutate();
  };
  return (
    <form className="form columns panel" onSubmit={submit} data-testid="site-form">
      <h2 className="wide">{t('sites.new')}</h2>
      <TextField label={t('field.name')} value={name} onChange={setName} required testId="site-name" />
      <TextField label={t('sites.zone')} value={timeZone} onChange={setTimeZone} hint={t('sites.zone.hint')} required />
      <TextField label={t('sites.days')} value={days} onChange={setDays} type="number" min={1} max={365} required />
      <CheckField label={t('sites.require')} hint={t('sites.require.hint')} checked={requireDetector} onChange={setRequireDetector} />
      <TextField label={t('sites.ring')} value={boundary} onChange={setBoundary} hint={ring === null ? t('sites.ring.bad') : t('sites.ring.hint')} long wide />
      <ProblemBox error={create.error} />
      <div className="actions end wide">
        <button type="submit" className="primary" disabled={create.isPending || ring === null}>
          {t('action.create')}
        </button>
      </div>
    </form>
  );
}
