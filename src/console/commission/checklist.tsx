/** The lines of a commissioning: what was seen, what to do, and the numbers behind it. */
import type { CheckStatus, CommissioningCheck } from '../../contract/commissioning.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useText } from '../text/i18n.js';

const signs: Record<CheckStatus, IconName> = { 'pass': 'good', 'warn': 'warn', 'fail': 'unreachable', 'unverified': 'help', 'not-applicable': 'paused' };

export function Checklist({ checks, evidence = true }: { checks: readonly CommissioningCheck[]; evidence?: boolean }) {
  const { t } = useText();
  return (
    <ol className="checklist" data-testid="checklist">
      {checks.map((check) => (
        <li key={check.name} className={`check check-${check.status}`} data-testid={`check-${check.name}`} data-status={check.status}>
          <Icon name={signs[check.status]} />
          <div>
            <div className="rung-head">
              <b>{t(`check.${check.name}`)}</b>
              <span>{t(`check.status.${check.status}`)}</span>
            </div>
            {check.seen !== '' && <p className="rung-seen">{check.seen}</p>}
            {check.todo !== '' && (
              <p className="rung-todo">
                <b>{t('rung.todo')}</b> {check.todo}
              </p>
            )}
            {evidence && Object.keys(check.evidence).length > 0 && (
              <details>
                <summary className="hint">{t('commission.evidence')}</summary>
                <dl className="evidence">
                  {Object.entries(check.evidence).map(([name, value]) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd className="num">{value === null ? '—' : String(value)}</dd>
                    </div>
                  ))}
                </dl>
              </details>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
