/** Changes of passwords over a site: begun here, followed camera by camera. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { Rotation } from '../../contract/device-change.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { SelectField, TextField } from '../shell/fields.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';

const rotationsKey = ['rotations'];

export function Rotations() {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, siteId, can } = useSession();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: rotationsKey,
    queryFn: ({ signal }) => registerApi.rotations(signal),
    // Followed while one is going on.
    refetchInterval: (q) => (q.state.data?.some((r) => r.finishedAt === null) ? 2_000 : false),
  });
  const mine = sites.filter((s) => can('editCameras', s.id));
  const [chosen, setSite] = useState<string | null>(null);
  const site = chosen ?? siteId ?? mine[0]?.id ?? '';
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [asking, setAsking] = useState(false);
  const start = useMutation({
    mutationFn: () => registerApi.rotate({ siteId: site, username: username.trim(), password: password === '' ? null : password }),
    onSuccess: () => {
      tell('ok', t('rotate.began'));
      setPassword('');
      void queries.invalidateQueries({ queryKey: rotationsKey });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setAsking(true);
  };
  return (
    <section className="panel">
      <h2>{t('rotate.title')}</h2>
      <p className="hint">{t('rotate.hint')}</p>
      <form className="form columns" onSubmit={submit} data-testid="rotate-form">
        <SelectField label={t('summary.site')} value={site} onChange={setSite} required options={mine.map((s) => ({ value: s.id, label: s.name }))} />
        <TextField label={t('rotate.username')} value={username} onChange={setUsername} required testId="rotate-username" />
        <TextField label={t('rotate.password')} value={password} onChange={setPassword} hint={t('rotate.password.hint')} type="password" autoComplete="new-password" minLength={8} testId="rotate-password" />
        <ProblemBox error={start.error} />
        <div className="actions end wide">
          <button type="submit" disabled={start.isPending || site === ''} data-testid="rotate-start">
            {t('rotate.start')}
          </button>
        </div>
      </form>
      <ProblemBox error={query.error} />
      {query.data?.length === 0 && <p className="muted">{t('rotate.none')}</p>}
      {query.data?.map((rotation) => <OneRotation key={rotation.id} rotation={rotation} />)}
      {asking && (
        <Confirm
          title={t('rotate.title')}
          text={t('rotate.question', { username: username.trim(), site: sites.find((s) => s.id === site)?.name ?? '' })}
          action={t('rotate.start')}
          onConfirm={() => start.mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

function OneRotation({ rotation }: { rotation: Rotation }) {
  const { t, language } = useText();
  const { zoneOf, sites } = useSession();
  const done = rotation.cameras.filter((c) => c.status === 'done').length;
  return (
    <details className="rotation" open={rotation.finishedAt === null || done < rotation.cameras.length} data-testid="rotation">
      <summary>
        <b>{rotation.username}</b> · {sites.find((s) => s.id === rotation.siteId)?.name ?? '—'} · {formatMoment(rotation.startedAt, zoneOf(rotation.siteId), language, Date.now())} ·{' '}
        <span className="num">{t('rotate.summary', { done, total: rotation.cameras.length })}</span>
      </summary>
      {rotation.finishedAt === null && <progress value={rotation.cameras.filter((c) => c.status !== 'waiting' && c.status !== 'writing').length} max={rotation.cameras.length} aria-label={t('rotate.title')} />}
      <div className="scroll">
        <table>
          <tbody>
            {rotation.cameras.map((camera) => (
              <tr key={camera.cameraId} className={`rotation-${camera.status}`}>
                <td>{camera.name}</td>
                <td>
                  <b>{t(`rotate.status.${camera.status}`)}</b>
                </td>
                <td>
                  {camera.seen} {camera.todo}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
