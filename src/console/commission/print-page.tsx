/** What is handed over: the checklist of a site or of one camera, to print, and a label with a code for each camera. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Commissioning } from '../../contract/commissioning.js';
import { useCameras } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { TextField } from '../shell/fields.js';
import { ProblemBox } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { formatFull } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { Checklist } from './checklist.js';
import { Label } from './label.js';

type Part = 'both' | 'sheet' | 'labels';

export function PrintPage({ siteId, cameraId }: { siteId: string; cameraId: string | null }) {
  const { t } = useText();
  const { sites } = useSession();
  const [part, setPart] = useState<Part>('both');
  const [base, setBase] = useState(`${location.origin}${location.pathname}`);
  const cameras = (useCameras().data ?? []).filter((c) => c.siteId === siteId && (cameraId === null || c.id === cameraId)).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const query = useQuery({ queryKey: ['commissionings', 'site', siteId], queryFn: ({ signal }) => registerApi.commissionings(siteId, signal) });
  const results = new Map((query.data ?? []).map((c) => [c.cameraId, c]));
  const shown = cameras.flatMap((c) => results.get(c.id) ?? []);
  const site = sites.find((s) => s.id === siteId)?.name ?? '';
  return (
    <main className="page print-page" id="main" data-testid="print-page">
      <div className="panel no-print">
        <div className="toolbar">
          <button type="button" className="primary" onClick={() => print()} data-testid="print-now">
            {t('print.now')}
          </button>
          <div className="segments" role="group" aria-label={t('print.title', { site })}>
            {(['both', 'sheet', 'labels'] as const).map((p) => (
              <button key={p} type="button" aria-pressed={part === p} onClick={() => setPart(p)}>
                {t(`print.${p}`)}
              </button>
            ))}
          </div>
        </div>
        <div className="form columns">
          <TextField label={t('print.base')} value={base} onChange={setBase} hint={t('print.base.hint')} testId="print-base" />
        </div>
        <ProblemBox error={query.error} />
      </div>
      {part !== 'labels' && (
        <section className="print-sheet">
          <h1>{t('print.title', { site })}</h1>
          <p>
            {t('print.summary', {
              commissioned: shown.filter((r) => r.verdict === 'commissioned').length,
              total: cameras.length,
              open: shown.filter((r) => r.checks.some((c) => c.status === 'unverified')).length,
            })}
          </p>
          {cameras.map((camera) => (
            <CameraSheet key={camera.id} name={camera.name} siteId={siteId} result={results.get(camera.id)} />
          ))}
        </section>
      )}
      {part !== 'sheet' && (
        <section className="print-labels" aria-label={t('print.labels')}>
          {cameras.map((camera) => (
            <Label key={camera.id} camera={camera} site={site} url={`${base.replace(/#.*$/, '')}${hrefOf({ page: 'camera', cameraId: camera.id })}`} />
          ))}
        </section>
      )}
    </main>
  );
}

function CameraSheet({ name, siteId, result }: { name: string; siteId: string; result: Commissioning | undefined }) {
  const { t, language } = useText();
  const { zoneOf } = useSession();
  if (!result) {
    return (
      <article className="print-camera">
        <h2>{name}</h2>
        <p>{t('commission.never')}</p>
      </article>
    );
  }
  const { device } = result;
  return (
    <article className="print-camera" data-testid="print-camera">
      <h2>
        {name} — {t(`commission.verdict.${result.verdict}`)}
      </h2>
      <p className="num">
        {[device.manufacturer, device.model, device.firmware].filter(Boolean).join(' ')} · {device.serialNumber ?? '—'} · {device.macAddress ?? '—'} · {device.address}
      </p>
      <p>{t('commission.at', { when: formatFull(result.at, zoneOf(siteId), language), who: result.by })}</p>
      <Checklist checks={result.checks} evidence={false} />
      <p className="signature">{t('print.signature')}</p>
    </article>
  );
}
