/** The onboarding ladder, rung by rung: passed, failed with what was seen and what to do, or not reached. */
import type { Rung } from '../../contract/camera.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useText } from '../text/i18n.js';

const signs: Record<Rung['status'], IconName> = { pass: 'good', fail: 'unreachable', skipped: 'paused' };

export function Ladder({ rungs, busy }: { rungs: readonly Rung[]; busy: boolean }) {
  const { t } = useText();
  if (rungs.length === 0) return <p className="muted">{busy ? t('camera.probing') : t('ladder.none')}</p>;
  return (
    <ol className={`ladder ${busy ? 'busy' : ''}`} data-testid="ladder">
      {rungs.map((rung) => (
        <li key={rung.name} className={`rung rung-${rung.status}`} data-testid={`rung-${rung.name}`} data-status={rung.status}>
          <Icon name={signs[rung.status]} />
          <div>
            <div className="rung-head">
              <b>{t(`rung.${rung.name}`)}</b>
              <span>{t(`rung.status.${rung.status}`)}</span>
              {rung.status !== 'skipped' && <span className="muted num">{Math.round(rung.tookMs)} ms</span>}
            </div>
            {rung.seen !== '' && <p className="rung-seen">{rung.seen}</p>}
            {rung.todo !== '' && (
              <p className="rung-todo">
                <b>{t('rung.todo')}</b> {rung.todo}
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
