/** How many cameras are in which state, and what the site says about pictures and retention. */
import type { Site } from '../../contract/site.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useNow } from '../shell/use-now.js';
import { formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { toneOf } from './state-badge.js';

const tones = [
  ['good', 'good'],
  ['fair', 'online'],
  ['poor', 'warn'],
  ['down', 'unreachable'],
  ['off', 'paused'],
] as const satisfies readonly (readonly [string, IconName])[];

export function VillageSummary({ cameras, sites }: { cameras: readonly CameraOnPage[]; sites: readonly Site[] }) {
  const { t, language } = useText();
  const now = useNow(1000);
  const changeOnly = cameras.filter((c) => c.enabled && c.detector === 'change-only').length;
  return (
    <div className="summary">
      <ul className="tones" aria-label={t('summary.states')}>
        {tones.map(([tone, icon]) => {
          const count = cameras.filter((c) => toneOf(c) === tone).length;
          return (
            <li key={tone} className={count === 0 ? 'none' : `tone-${tone}`}>
              <Icon name={icon} size={14} />
              <b>{count}</b>
              <span>{t(`summary.${tone}`)}</span>
            </li>
          );
        })}
      </ul>
      {sites.slice(0, 3).map((site) => (
        <dl className="facts" key={site.id}>
          <div>
            <dt>{t('summary.site')}</dt>
            <dd>{site.name}</dd>
          </div>
          <div>
            <dt>{t('summary.time')}</dt>
            <dd>
              {formatMoment(new Date(now).toISOString(), site.timeZone, language, now)} <span className="muted">{site.timeZone}</span>
            </dd>
          </div>
          <div>
            <dt>{t('summary.retention')}</dt>
            <dd>{t('summary.days', { count: site.retentionDays })}</dd>
          </div>
        </dl>
      ))}
      {changeOnly > 0 && (
        <p className="note" data-testid="change-only">
          <Icon name="change" size={14} />
          {t('summary.change-only', { count: changeOnly })}
        </p>
      )}
      <p className="hint">{t('summary.promise')}</p>
    </div>
  );
}
