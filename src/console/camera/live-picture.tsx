/** The live masked picture in the place of the newest one: how old it is, or why there is none. An old one never looks live. */
import type { CameraOnPage } from '../live/apply-event.js';
import { ageMs, oldAfterMs } from '../live/live-figures.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useNow } from '../shell/use-now.js';
import { useText } from '../text/i18n.js';
import { liveReasonText } from './live-reason.js';
import type { LiveView } from './use-live-view.js';

export function LivePicture({ camera, view }: { camera: CameraOnPage; view: LiveView }) {
  const { t } = useText();
  const now = useNow(500);
  const { newest, line } = view;
  const age = newest === null ? null : ageMs(newest, view.serverAheadMs, now);
  const old = age !== null && age > oldAfterMs(camera.sampleIntervalMs);
  const seconds = Math.round((age ?? 0) / 1000);

  return (
    <div className={`picture live-picture ${old ? 'live-old' : ''}`} data-testid="live-picture" data-age={age === null ? '' : seconds} data-old={old}>
      <canvas ref={view.canvas} role="img" aria-label={t('live.alt', { camera: camera.name })} hidden={newest === null} data-testid="live-canvas" />
      {newest === null && <NoLivePicture view={view} />}
      {newest !== null && (
        <span className={`live-sign ${old ? 'live-sign-old' : ''}`} data-testid="live-sign">
          <Icon name={old ? 'warn' : 'online'} size={13} />
          {old ? t('live.old', { s: seconds }) : t('live.age', { s: seconds })}
          {line.status === 'lost' && <b> · {t('live.reconnecting')}</b>}
        </span>
      )}
    </div>
  );
}

function NoLivePicture({ view }: { view: LiveView }) {
  const { t } = useText();
  const { line, withheld } = view;
  const say = (icon: IconName, title: string, detail: string | null) => (
    <div className="picture-none" data-testid="live-none">
      <Icon name={icon} size={22} />
      <strong>{title}</strong>
      {detail !== null && detail !== '' && <span>{detail}</span>}
    </div>
  );
  if (line.status === 'refused') return say('mask', t('live.refused'), line.problem.detail || line.problem.title);
  if (line.status === 'lost') return say('warn', t('live.lost'), line.problem === null || line.problem.code === 'network' ? t('live.reconnecting') : `${line.problem.detail || line.problem.title} · ${t('live.reconnecting')}`);
  if (withheld !== null) return say('mask', t('picture.withheld'), liveReasonText(withheld, t));
  return say('clock', t('live.waiting'), t('live.waiting.hint'));
}
