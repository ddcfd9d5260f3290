/** Commissioning on a camera's page: the newest result, a new run line by line, and the test of the button. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Camera } from '../../contract/camera.js';
import type { CommissioningCheck } from '../../contract/commissioning.js';
import { keys } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { Checklist } from './checklist.js';
import { PressTestButton } from './press-test.js';

export function CommissionPanel({ camera }: { camera: Camera }) {
  const { t, language } = useText();
  const { can, zoneOf } = useSession();
  const queries = useQueryClient();
  const key = ['commissionings', camera.id];
  const last = useQuery({ queryKey: key, queryFn: ({ signal }) => registerApi.lastCommissioning(camera.id, signal) });
  const [running, setRunning] = useState<readonly CommissioningCheck[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const run = (): void => {
    const control = new AbortController();
    stop.current = control;
    setError(null);
    setRunning([]);
    registerApi
      .commission(camera.id, (check) => setRunning((r) => [...(r ?? []), check]), control.signal)
      .then(
        (result) => queries.setQueryData(key, result),
        (thrown: unknown) => !control.signal.aborted && setError(thrown),
      )
      .finally(() => {
        setRunning(null);
        void queries.invalidateQueries({ queryKey: keys.cameras });
      })
      .catch(() => undefined);
  };
  const mayRun = can('editCameras', camera.siteId);
  const result = last.data ?? null;
  return (
    <section className="panel" data-testid="commission-panel">
      <h2>{t('commission.title')}</h2>
      {result && running === null && (
        <p className={`commission-verdict commission-${result.verdict}`} data-testid="commission-verdict" data-verdict={result.verdict}>
          <Icon name={result.verdict === 'commissioned' ? 'good' : 'warn'} /> <b>{t(`commission.verdict.${result.verdict}`)}</b>{' '}
          <span className="muted">{t('commission.at', { when: formatMoment(result.at, zoneOf(camera.siteId), language, Date.now()), who: result.by })}</span>
        </p>
      )}
      {last.isSuccess && result === null && running === null && <p className="muted">{t('commission.never')}</p>}
      <div className="toolbar">
        {mayRun && (
          <button type="button" disabled={running !== null} onClick={run} data-testid="commission">
            <Icon name="check" />
            {running !== null ? t('commission.running') : result ? t('commission.again') : t('commission.run')}
          </button>
        )}
        {mayRun && <PressTestButton cameraId={camera.id} />}
        {result && (
          <a className="button" href={hrefOf({ page: 'print', siteId: camera.siteId, cameraId: camera.id })}>
            {t('commission.print')}
          </a>
        )}
      </div>
      <ProblemBox error={error ?? last.error} />
      {running !== null && running.length === 0 && <progress aria-label={t('commission.running')} />}
      <Checklist checks={running ?? result?.checks ?? []} />
    </section>
  );
}
