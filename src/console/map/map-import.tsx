/** GeoJSON of a site: tried first, with a verdict on every feature and the vertex at fault on the map; then applied. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FeatureVerdict, SiteMapReport } from '../../contract/site-map.js';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import { CheckField } from '../shell/fields.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';
import { featureKinds } from './feature-kinds.js';
import { vertexAt, type LngLat } from './geojson-vertex.js';
import type { Preview } from './preview-layer.js';

interface Picked {
  readonly blob: File;
  /** for the preview alone; null when it is no JSON, and the API says why */
  readonly parsed: unknown;
}

export function MapImport({ siteId, onPreview }: { siteId: string; onPreview: (preview: Preview | null) => void }) {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const [picked, setPicked] = useState<Picked | null>(null);
  const [replace, setReplace] = useState(false);
  const [chosen, setChosen] = useState('');
  const send = useMutation({
    mutationFn: ({ file, ...options }: { file: Picked; dryRun: boolean; skipBad: boolean; replace: boolean }) => api.importMap(siteId, file.blob, options),
    onSuccess: (report, { file }) => {
      if (report.applied) {
        tell('ok', t('map.import.done', { created: report.created, updated: report.updated, removed: report.removed }));
        for (const key of [keys.features(siteId), keys.places, keys.sites]) void queries.invalidateQueries({ queryKey: key });
        forget();
      } else onPreview(previewOf(file.parsed, report, null));
    },
  });
  const report = send.data && !send.data.applied ? send.data : null;

  const forget = (): void => {
    setPicked(null);
    setChosen('');
    onPreview(null);
  };
  const start = async (blob: File | undefined): Promise<void> => {
    if (!blob) return;
    const file = { blob, parsed: parse(await blob.text()) };
    setPicked(file);
    setChosen('');
    send.mutate({ file, dryRun: true, skipBad: false, replace });
  };
  const again = (on: boolean): void => {
    setReplace(on);
    if (picked) send.mutate({ file: picked, dryRun: true, skipBad: false, replace: on });
  };
  const point = (id: string, at: LngLat | null): void => {
    setChosen(id);
    if (picked && report) onPreview(previewOf(picked.parsed, report, at));
  };

  return (
    <section className="panel" data-testid="map-import">
      <h2>{t('map.import')}</h2>
      <p className="hint">{t('map.import.hint')}</p>
      <label className="drop drop-small">
        <Icon name="upload" />
        {picked ? picked.blob.name : t('map.import.choose')}
        <input
          type="file"
          accept=".geojson,.json,application/geo+json,application/json"
          data-testid="map-file"
          onChange={(e) => {
            void start(e.target.files?.[0]);
            e.target.value = '';
          }}
        />
      </label>
      <CheckField label={t('map.import.replace')} hint={t('map.import.replace.hint')} checked={replace} onChange={again} testId="map-replace" />
      {send.isPending && <p className="muted">{t('map.import.checking')}</p>}
      <ProblemBox error={send.error} />
      {picked && report && !send.isPending && (
        <div data-testid="map-report">
          <p className="verdicts">
            {(['created', 'updated', 'unchanged', 'removed', 'bad'] as const).map((what) => report[what] > 0 && <span key={what} className={`tag map-${what}`}>{t(`map.report.${what}`, { count: report[what] })}</span>)}
          </p>
          <ul className="map-verdicts">
            {report.features.filter((f) => f.verdict !== 'unchanged').slice(0, 200).map((feature, i) => (
              <VerdictRow key={i} feature={feature} file={picked.parsed} chosen={chosen} onPoint={point} />
            ))}
          </ul>
          <div className="actions end">
            <button type="button" onClick={forget}>
              {t('action.cancel')}
            </button>
            <button type="button" className="primary" disabled={report.created + report.updated + report.removed === 0} onClick={() => send.mutate({ file: picked, dryRun: false, skipBad: report.bad > 0, replace })} data-testid="map-apply">
              {report.bad > 0 ? t('map.import.apply-good') : t('map.import.apply')}
            </button>
          </div>
        </div>
      )}
    </section>
  );
}

interface VerdictProps {
  feature: FeatureVerdict;
  file: unknown;
  chosen: string;
  onPoint: (id: string, at: LngLat | null) => void;
}

function VerdictRow({ feature, file, chosen, onPoint }: VerdictProps) {
  const { t } = useText();
  const kind = featureKinds.find((k) => k === feature.kind);
  return (
    <li className={`map-verdict map-${feature.verdict}`} data-testid="map-verdict" data-verdict={feature.verdict}>
      <div>
        <Icon name={feature.verdict === 'bad' ? 'warn' : feature.verdict === 'remove' ? 'trash' : 'check'} size={14} /> <b>{feature.name || t('map.import.nameless')}</b>{' '}
        <span className="muted">
          {[kind ? t(`feature.${kind}`) : feature.kind, feature.index === null ? '' : t('map.import.number', { n: feature.index + 1 }), t(`map.verdict.${feature.verdict}`)].filter(Boolean).join(' · ')}
        </span>
      </div>
      {feature.problems.map((problem, i) => {
        const at = vertexAt(file, feature.index, problem.ring, problem.vertex);
        const id = `${feature.index}:${i}`;
        const where = [problem.ring === null || problem.ring === 0 ? '' : t('map.import.ring', { n: problem.ring + 1 }), problem.vertex === null ? '' : t('map.import.vertex', { n: problem.vertex + 1 })].filter(Boolean).join(', ');
        const text = where === '' ? problem.reason : `${where}: ${problem.reason}`;
        return at === null ? (
          <p key={id} className="map-problem">{text}</p>
        ) : (
          <button key={id} type="button" className="map-problem" aria-pressed={chosen === id} onClick={() => onPoint(id, at)} title={t('map.import.show')} data-testid="map-problem">
            <Icon name="place" size={14} />
            <span>{text}</span>
          </button>
        );
      })}
    </li>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return null;
  }
}

function previewOf(file: unknown, report: SiteMapReport, chosen: LngLat | null): Preview {
  const read = report.features.filter((f): f is FeatureVerdict & { index: number } => f.index !== null);
  return {
    file,
    features: read.map((f) => ({ index: f.index, bad: f.verdict === 'bad' })),
    spots: read.flatMap((f) => f.problems.filter((p) => p.vertex !== null).map((p) => vertexAt(file, f.index, p.ring, p.vertex)).filter((p) => p !== null)),
    chosen,
  };
}
