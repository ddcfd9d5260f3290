/** One camera of the village: its picture, its state with the reason, what is masked, which detector works. */
import { memo } from 'react';
import { usePictures } from '../api/queries.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { useSession } from '../session/session-context.js';
import { Icon } from '../shell/icons.js';
import { hrefOf } from '../shell/route.js';
import { formatShare } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { CameraPicture } from './camera-picture.js';
import { DetectorBadge, StateBadge, toneOf } from './state-badge.js';

export const CameraCard = memo(function CameraCard({ camera, openAlerts }: { camera: CameraOnPage; openAlerts: number }) {
  const { t } = useText();
  return (
    <article className={`card tone-edge-${toneOf(camera)}`} data-testid="camera-card" data-camera={camera.id}>
      <CameraPicture camera={camera} />
      <div className="card-body">
        <div className="card-head">
          <a href={hrefOf({ page: 'camera', cameraId: camera.id })} className="card-name" data-testid="camera-link">
            {camera.name}
          </a>
          <StateBadge camera={camera} />
        </div>
        {camera.enabled && camera.stateReason !== null && camera.state !== 'good' && (
          <p className="card-reason" data-testid="camera-reason">
            {camera.stateReason}
          </p>
        )}
        <div className="card-facts">
          {openAlerts > 0 && (
            <span className="tag tag-alert">
              <Icon name="bell" size={12} />
              {t('card.alerts', { count: openAlerts })}
            </span>
          )}
          <MaskShare camera={camera} />
          <DetectorBadge detector={camera.detector} />
        </div>
      </div>
    </article>
  );
});

/** The share of the newest picture that is painted out: from the stream, or from the picture's receipt. */
export function MaskShare({ camera }: { camera: CameraOnPage }) {
  const { t, language } = useText();
  const { can } = useSession();
  const wanted = camera.newestMaskRatio === undefined && camera.pictureStatus === 'ready' && camera.newestPictureId !== null && can('seeLive', camera.siteId);
  const receipt = usePictures(camera.id, 1, wanted).data?.items[0];
  const ratio = camera.newestMaskRatio ?? receipt?.maskRatio;
  if (ratio === undefined || camera.pictureStatus !== 'ready') return null;
  return (
    <span className="tag" title={t('card.masked.hint')} data-testid="mask-share">
      <Icon name="mask" size={12} />
      {t('card.masked', { share: formatShare(ratio, language) })}
    </span>
  );
}
