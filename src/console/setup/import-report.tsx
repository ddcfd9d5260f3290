/** What an import did or would do, row by row; of thousands of rows, those that matter come first. */
import type { ImportReport, ImportRow } from '../../contract/registry.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useText } from '../text/i18n.js';

const verdictIcon: Record<ImportRow['verdict'], IconName> = { create: 'plus', update: 'refresh', unchanged: 'check', bad: 'unreachable' };
/** A browser that draws ten thousand rows stands still. */
const mostRows = 500;
const rank: Record<ImportRow['verdict'], number> = { bad: 0, update: 1, create: 2, unchanged: 3 };

export function ImportResult({ report }: { report: ImportReport }) {
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
      {(report.ignoredColumns?.length ?? 0) > 0 && (
        <p className="hint">
          {t('import.ignored')} <code>{report.ignoredColumns?.join(', ')}</code>
        </p>
      )}
      <ImportProblems report={report} />
    </div>
  );
}

export function ImportProblems({ report }: { report: ImportReport }) {
  const { t } = useText();
  const rows = [...report.rows].sort((a, b) => rank[a.verdict] - rank[b.verdict] || a.line - b.line).slice(0, mostRows);
  return (
    <div className="scroll tall wide">
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
          {rows.map((row) => (
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
      {report.rows.length > mostRows && <p className="hint">{t('import.shown', { count: mostRows })}</p>}
    </div>
  );
}
