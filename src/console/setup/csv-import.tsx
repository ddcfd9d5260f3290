/** A table of cameras: first what would happen, row by row; then the writing. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type DragEvent } from 'react';
import type { ImportReport, ImportRow } from '../../contract/registry.js';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { SelectField } from '../shell/fields.js';
import { Icon, type IconName } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';

const verdictIcon: Record<ImportRow['verdict'], IconName> = { create: 'plus', update: 'refresh', unchanged: 'check', bad: 'unreachable' };

export function CsvImport() {
  const { t } = useText();
  const { tell } = useNotices();
  const { sites, siteId, can } = useSession();
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [target, setTarget] = useState(siteId ?? (sites.length === 1 ? (sites[0]?.id ?? '') : ''));
  const send = useMutation({
    mutationFn: (how: { csv: File; dryRun: boolean }) => api.importCsv(how.csv, { dryRun: how.dryRun, skipBad: !how.dryRun, siteId: target === '' ? null : target }),
    onSuccess: (report) => {
      if (!report.applied) return;
      tell('ok', t('import.done', { created: report.created, updated: report.updated }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
    },
  });
  const take = (csv: File | undefined): void => {
    if (!csv) return;
    setFile(csv);
    send.mutate({ csv, dryRun: true });
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  const report = send.data;
  return (
    <div className="panel">
      <div className="form columns">
        <SelectField label={t('import.site')} value={target} onChange={setTarget} empty={t('import.site.column')} hint={t('import.site.hint')} options={sites.filter((s) => can('editCameras', s.id)).map((s) => ({ value: s.id, label: s.name }))} />
      </div>
      <label className="drop" onDragOver={(e) => e.preventDefault()} onDrop={onDrop}>
        <Icon name="upload" size={22} />
        <span>{file === null ? t('import.drop') : file.name}</span>
        <input type="file" accept=".csv,text/csv" data-testid="csv-file" onChange={(e) => { take(e.target.files?.[0]); e.target.value = ''; }} />
      </label>
      <p className="hint">
        {t('import.columns')} <code>name, address, username, password, site, purpose, owner, legal_basis, review_on, longitude, latitude, azimuth_deg, horizontal_fov_deg</code>
      </p>
      {send.isPending && <progress aria-label={t('import.busy')} />}
      <ProblemBox error={send.error} />
      {report && <Report report={report} />}
      {report && file && !report.applied && report.created + report.updated > 0 && (
        <div className="actions end">
          <button type="button" className="primary" disabled={send.isPending} onClick={() => send.mutate({ csv: file, dryRun: false })} data-testid="import-good">
            {report.bad > 0 ? t('import.good', { count: report.created + report.updated }) : t('import.all', { count: report.created + report.updated })}
          </button>
        </div>
      )}
    </div>
  );
}

function Report({ report }: { report: ImportReport }) {
  const { t } = useText();
  return (
    <div data-testid="import-report" data-applied={report.applied}>
      <p className="verdicts">
        <b>{report.applied ? t('import.applied') : t('import.dry-run')}</b>
        {(['create', 'update', 'unchanged', 'bad'] as const).map((verdict) => (
          <span key={verdict} className={`tag verdict-${verdict}`}>
            {t(`import.verdict.${verdict}`)} {verdict === 'create' ? report.created : verdict === 'update' ? report.updated : report[verdict]}
          </span>
        ))}
      </p>
      <div className="scroll tall">
        <table>
          <thead>
            <tr>
              <th>{t('import.line')}</th>
              <th>{t('field.name')}</th>
              <th>{t('import.verdict')}</th>
              <th>{t('import.problems')}</th>
            </tr>
          </thead>
          <tbody>
            {report.rows.map((row) => (
              <tr key={row.line} className={`verdict-${row.verdict}`} data-testid="import-row" data-verdict={row.verdict}>
                <td className="num">{row.line}</td>
                <td>{row.name}</td>
                <td>
                  <span className="verdict">
                    <Icon name={verdictIcon[row.verdict]} size={14} />
                    {t(`import.verdict.${row.verdict}`)}
                  </span>
                </td>
                <td>
                  {row.problems.map((p, i) => (
                    <div key={i}>
                      <code>{p.column}</code> {p.reason}
                    </div>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
