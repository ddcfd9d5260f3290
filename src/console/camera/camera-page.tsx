/** One camera: its newest picture with the zones on it, what was stored, the facts, the ladder. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { PictureRow } from '../../contract/picture.js';
import { api } from '../api/endpoints.js';
import { keys, useCameras, useZones } from '../api/queries.js';
import { CommissionPanel } from '../commission/commission-panel.js';
import { DeviceActions } from '../commission/device-actions.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { goTo, hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { MaskShare } from '../village/camera-card.js';
import { DetectorBadge, StateBadge } from '../village/state-badge.js';
import { CameraFacts } from './camera-facts.js';
import { EditCamera } from './edit-camera.js';
import { Ladder } from './ladder.js';
import { PlaceCamera } from './place-camera.js';
import { PictureStrip } from './picture-strip.js';
import { isLive, useLiveView } from './use-live-view.js';
import { ZoneStage } from './zone-stage.js';

export function CameraPage({ cameraId, placing }: { cameraId: string; placing: boolean }) {
  const { t } = useText();
  const { can } = useSession();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const query = useCameras();
  const zones = (useZones().data ?? []).filter((z) => z.cameraId === cameraId);
  const live = useLiveView(cameraId);
  const [stored, setStored] = useState<PictureRow | null>(null);
  const [dialog, setDialog] = useState<'none' | 'edit' | 'remove'>('none');
  const { stop: stopLive } = live;
  useEffect(() => {
    if (placing) stopLive();
  }, [placing, stopLive]);
  const choose = (picture: PictureRow | null): void => {
    if (picture && isLive(live)) stopLive();
    setStored(picture);
  };
  const reread = (): void => void queries.invalidateQueries({ queryKey: keys.cameras });

  const probe = useMutation({ mutationFn: () => api.probe(cameraId), onSuccess: reread, onError: tellError });
  const toggle = useMutation({ mutationFn: (enabled: boolean) => api.updateCamera(cameraId, { enabled }), onSuccess: reread, onError: tellError });
  const remove = useMutation({
    mutationFn: () => api.removeCamera(cameraId),
    onSuccess: () => {
      tell('ok', t('camera.removed'));
      reread();
      goTo({ page: 'village', alertId: null });
    },
    onError: tellError,
  });

  const camera = query.data?.find((c) => c.id === cameraId);
  if (!camera) {
    return (
      <main className="page" id="main">
        <ProblemBox error={query.error} />
        <p className="empty">{query.isPending ? t('app.starting') : query.isError ? '' : t('camera.unknown')}</p>
      </main>
    );
  }
  const mayEdit = can('editCameras', camera.siteId);
  const probed = probe.data?.rungs ?? camera.onboarding;

  return (
    <main className="page camera-page" id="main" data-testid="camera-page">
      <header className="page-head">
        <a className="button bare" href={hrefOf({ page: 'village', alertId: null })} aria-label={t('nav.village')}>
          <Icon name="back" />
        </a>
        <div className="page-title">
          <h1>{camera.name}</h1>
          <StateBadge camera={camera} />
          <MaskShare camera={camera} />
          <DetectorBadge detector={camera.detector} />
        </div>
        {can('seeLive', camera.siteId) && !placing && !isLive(live) && (
          <button
            type="button"
            disabled={!camera.enabled}
            title={t('live.start.hint')}
            data-testid="live-start"
            onClick={() => {
              setStored(null);
              live.start();
            }}
          >
            <Icon name="online" />
            {t('live.start')}
          </button>
        )}
        {mayEdit && (
          <div className="actions">
            <button type="button" disabled={probe.isPending} onClick={() => probe.mutate()} data-testid="probe">
              <Icon name="refresh" />
              {probe.isPending ? t('camera.probing') : t('camera.probe')}
            </button>
            <button type="button" disabled={toggle.isPending} onClick={() => toggle.mutate(!camera.enabled)} data-testid="toggle">
              <Icon name={camera.enabled ? 'paused' : 'online'} />
              {camera.enabled ? t('camera.disable') : t('camera.enable')}
            </button>
            {!placing && (
              <a className="button" href={hrefOf({ page: 'camera', cameraId, placing: true })} data-testid="place">
                <Icon name="place" />
                {t('place.open')}
              </a>
            )}
            <button type="button" onClick={() => setDialog('edit')} data-testid="edit">
              {t('action.edit')}
            </button>
            <button type="button" className="danger" onClick={() => setDialog('remove')} data-testid="remove">
              {t('action.remove')}
            </button>
          </div>
        )}
      </header>
      {camera.stateReason !== null && camera.state !== 'good' && (
        <p className="page-reason">
          <Icon name="warn" /> {camera.stateReason}
        </p>
      )}
      {placing && mayEdit ? <PlaceCamera camera={camera} /> : <div className="camera-columns">
        <div>
          <ZoneStage camera={camera} zones={zones} stored={stored} live={live} onLive={() => setStored(null)} />
          <PictureStrip camera={camera} chosenId={stored?.id ?? null} onChoose={choose} />
        </div>
        <div>
          <CommissionPanel camera={camera} />
          <section className="panel">
            <h2>{t('camera.ladder')}</h2>
            <Ladder rungs={probed} busy={probe.isPending} />
          </section>
          <section className="panel">
            <h2>{t('camera.facts')}</h2>
            <CameraFacts camera={camera} />
          </section>
          <DeviceActions camera={camera} />
        </div>
      </div>}
      {dialog === 'edit' && <EditCamera camera={camera} onClose={() => setDialog('none')} />}
      {dialog === 'remove' && (
        <Confirm title={t('camera.remove')} text={t('camera.remove.question', { camera: camera.name })} action={t('action.remove')} onConfirm={() => remove.mutate()} onClose={() => setDialog('none')} />
      )}
    </main>
  );
}
