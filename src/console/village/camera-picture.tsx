/**
 * The newest masked picture of a camera, or the reason why there is none. It shows nothing while the camera's picture
 * status is not `ready`, even when an older picture is known.
 */
import { useRef, type ReactNode } from 'react';
import { Problem } from '../api/problem.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { useSession } from '../session/session-context.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useNow } from '../shell/use-now.js';
import { formatAge, formatFull, formatMoment } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { ConfirmViewButton } from './confirm-view-button.js';
import { reasonText } from './reasons.js';
import { useNewestPicture, useVisible } from './use-newest-picture.js';

/** From this age on a picture says how old it is. */
const oldAfterMs = 45_000;

/** @param confirmBelow the page offers to confirm a moved view by itself */
export function CameraPicture({ camera, children, confirmBelow = false }: { camera: CameraOnPage; children?: ReactNode; confirmBelow?: boolean }) {
  const { t, language } = useText();
  const { can, zoneOf } = useSession();
  const frame = useRef<HTMLDivElement>(null);
  const live = can('seeLive', camera.siteId);
  const showable = live && camera.pictureStatus === 'ready';
  const visible = useVisible(frame);
  const { url, error } = useNewestPicture(camera.id, camera.newestPictureId, visible && showable);
  const now = useNow(5000);
  const zone = zoneOf(camera.siteId);
  const at = camera.newestPictureAt;
  const old = at !== null && now - Date.parse(at) > oldAfterMs;

  return (
    <div className={`picture ${old ? 'picture-old' : ''}`} ref={frame}>
      {showable && url !== null ? (
        <>
          <img src={url} alt={t('picture.alt', { camera: camera.name, time: at === null ? '' : formatMoment(at, zone, language, now) })} data-testid="camera-picture" />
          {children}
          {at !== null && (
            <time className="picture-time" dateTime={at} title={formatFull(at, zone, language)}>
              {formatMoment(at, zone, language, now)}
              {old && <b> · {formatAge(at, now, language)}</b>}
            </time>
          )}
        </>
      ) : (
        <NoPicture camera={camera} live={live} error={error} offer={!confirmBelow} />
      )}
    </div>
  );
}

function NoPicture({ camera, live, error, offer }: { camera: CameraOnPage; live: boolean; error: unknown; offer: boolean }) {
  const { t } = useText();
  const { can } = useSession();
  const say = (icon: IconName, title: string, detail: string | null, more?: ReactNode) => (
    <div className="picture-none" data-testid="no-picture">
      <Icon name={icon} size={22} />
      <strong>{title}</strong>
      {detail !== null && <span>{detail}</span>}
      {more}
    </div>
  );
  const reason = camera.pictureReason === null ? null : reasonText(camera.pictureReason, t);
  if (!live) return say('mask', t('picture.evidence-only'), t('picture.evidence-only.hint'));
  if (!camera.enabled) return say('paused', t('picture.disabled'), null);
  if (camera.pictureStatus === 'ready' && error !== null) return say('warn', t('picture.failed'), error instanceof Problem && error.code !== 'network' ? error.detail || error.title : t('error.network'));
  if (camera.pictureStatus === 'ready') return say('clock', t('picture.loading'), null);
  if (camera.pictureStatus === 'learning') return say('clock', t('picture.learning'), t('picture.learning.hint'));
  if (camera.pictureStatus === 'moved') {
    return say('warn', t('picture.moved'), t('picture.moved.hint'), offer && can('editZones', camera.siteId) ? <ConfirmViewButton camera={camera} /> : null);
  }
  if (camera.pictureStatus === 'withheld') return say('mask', t('picture.withheld'), reason);
  return say('camera', t('picture.none'), reason);
}
