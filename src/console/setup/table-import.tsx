/** A table of cameras: first what would happen, row by row; then the writing. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type DragEvent } from 'react';
import { pathWith } from '../api/client.js';
import { keys } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { SelectField } from '../shell/fields.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';
import { ImportResult } from './import-report.js';

export function TableImport() {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, siteId, can } = useSession();
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [target, setTarget] = useState(siteId ?? (sites.length === 1 ? (sites[0]?.id ?? '') : ''));
  const [progress, setProgress] = useState<{ done: number; total: number } | null>(null);
  const send = useMutation({
    mutationFn: (how: { file: File; dryRun: boolean }) => {
      setProgress(null);
      const type = /\.json$/i.test(how.file.name) || how.file.type === 'application/json' ? 'application/json' : 'text/csv';
      return registerApi.importTable(how.file, type, { dryRun: how.dryRun, skipBad: !how.dryRun, siteId: target === '' ? null : target }, (done, total) => setProgress({ done, total }));
    },
    onSuccess: (report) => {
      if (!report.applied) return;
      tell('ok', t('import.done', { created: report.created, updated: report.updated }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
    },
  });
  const take = (chosen: File | undefined): void => {
    if (!chosen) return;
    setFile(chosen);
    send.mutate({ file: chosen, dryRun: true });
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  const report = send.data;
  return (
    <div className="panel">
      <div className="toolbar">
        <a className="button" href={pathWith('/cameras/export', { format: 'csv' })} download="cameras.csv">
          {t('import.export.csv')}
        </a>
        <a className="button" href={pathWith('/cameras/export', { format: 'json' })} download="cameras.json">
          {t('import.export.json')}
        </a>
      </div>
      <div className="form columns">
        <SelectField label={t('import.site')} value={target} onChange={setTarget} empty={t('import.site.column')} hint={t('import.site.hint')} options={sites.filter((s) => can('editCameras', s.id)).map((s) => ({ value: s.id, label: s.name }))} />
      </div>
      <label className="drop" onDragOver={(e) => e.preventDefault()} onDrop={onDrop}>
        <Icon name="upload" size={22} />
        <span>{file === null ? t('import.drop') : file.name}</span>
        <input type="file" accept=".csv,.tsv,.txt,.json,text/csv,application/json" data-testid="csv-file" onChange={(e) => { take(e.target.files?.[0]); e.target.value = ''; }} />
      </label>
      <p className="hint">
        {t('import.columns')} <code>name, address, username, password, site, purpose, owner, legal_basis, review_on, longitude, latitude, mount_height_m, azimuth_deg, tilt_deg, horizontal_fov_deg, source_token</code>
      </p>
      {send.isPending && (
        <p className="progress-line">
          {progress ? <progress value={progress.done} max={progress.total} aria-label={t('import.busy')} /> : <progress aria-label={t('import.busy')} />}
          {progress && <span className="muted num">{t('import.progress', progress)}</span>}
        </p>
      )}
      <ProblemBox error={send.error} />
      {report && <ImportResult report={report} />}
      {report && file && !report.applied && report.created + report.updated > 0 && (
        <div className="actions end">
          <button type="button" className="primary" disabled={send.isPending} onClick={() => send.mutate({ file, dryRun: false })} data-testid="import-good">
            {report.bad > 0 ? t('import.good', { count: report.created + report.updated }) : t('import.all', { count: report.created + report.updated })}
          </button>
        </div>
      )}
    </div>
  );
}
