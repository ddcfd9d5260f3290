/**
 * The picture in large with its zones on it. Zones are drawn and changed on masked pictures alone; where there is none,
 * a privacy zone may be drawn on an empty grid of the same shape, so that privacy never waits for a picture.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { PictureRow } from '../../contract/picture.js';
import type { Zone } from '../../contract/zone.js';
import { api } from '../api/endpoints.js';
import { keys, usePictures } from '../api/queries.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { undoKey, useHistory } from '../map/use-history.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { Icon } from '../shell/icons.js';
import { useNotices } from '../shell/notices.js';
import { StoredPicture } from '../shell/stored-picture.js';
import { useText } from '../text/i18n.js';
import { CameraPicture } from '../village/camera-picture.js';
import { PictureLegend, PictureShares } from '../village/picture-figures.js';
import { ConfirmViewButton } from '../village/confirm-view-button.js';
import { LiveBar } from './live-bar.js';
import { LivePicture } from './live-picture.js';
import { isLive, type LiveView } from './use-live-view.js';
import { ZoneCanvas } from './zone-canvas.js';
import { faultOf } from './zone-drawing.js';
import { ZoneForm } from './zone-form.js';
import { ZoneList } from './zone-list.js';
import { closed, cornerRemoved, emptySketch, sketchFault, type Sketch } from './zone-sketch.js';

interface StageProps {
  camera: CameraOnPage;
  zones: readonly Zone[];
  /** a stored picture instead of the newest one */
  stored: PictureRow | null;
  live: LiveView;
  onLive: () => void;
}

type Task = { readonly what: 'none' } | { readonly what: 'new' } | { readonly what: 'change'; readonly zone: Zone };

export function ZoneStage({ camera, zones, stored, live, onLive }: StageProps) {
  const { t } = useText();
  const { can } = useSession();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const [task, setTask] = useState<Task>({ what: 'none' });
  const edited = useHistory<Sketch>(emptySketch);
  const [kind, setKind] = useState<Zone['kind']>('guard');
  const [selected, setSelected] = useState<number | null>(null);
  const [hot, setHot] = useState<string | null>(null);
  const [removing, setRemoving] = useState<Zone | null>(null);
  const [newest] = usePictures(camera.id, 18, true).data?.items ?? [];
  const shape = stored ?? (isLive(live) ? live.newest : null) ?? newest;
  const mayEdit = can('editZones', camera.siteId);
  const showsPicture = stored !== null || (camera.enabled && camera.pictureStatus === 'ready' && can('seeLive', camera.siteId));
  const sketch = task.what === 'none' ? null : edited.now;
  const fault = sketch && sketchFault(sketch);
  const shaping = sketch?.closed === true;
  // A removed corner is nobody's choice any more, also after undo.
  const corners = sketch?.points.length ?? 0;
  useEffect(() => setSelected((held) => (held !== null && held >= corners ? null : held)), [corners]);

  const start = (next: Task): void => {
    setTask(next);
    setSelected(null);
    if (next.what === 'change') setKind(next.zone.kind);
    else setKind(showsPicture ? 'guard' : 'privacy');
    edited.restart(next.what === 'change' ? { points: next.zone.polygon, closed: true } : emptySketch);
  };
  const stop = (): void => setTask({ what: 'none' });
  const finish = (): void => {
    const reason = faultOf(edited.now.points);
    if (reason === null) edited.change(closed);
    else tell('bad', t(`zone.fault.${reason}`));
  };
  const remove = useMutation({
    mutationFn: (zone: Zone) => api.removeZone(zone.id),
    onSuccess: (_, zone) => {
      tell('ok', t('zone.removed', { name: zone.name }));
      void queries.invalidateQueries({ queryKey: keys.zones });
    },
    onError: tellError,
  });

  return (
    <section className="panel stage-panel" onKeyDown={(event) => void (sketch && undoKey(event, edited))}>
      <div className={`stage ${sketch ? 'drawing' : ''}`} style={shape ? { ['--aspect' as string]: `${shape.widthPx} / ${shape.heightPx}` } : undefined} data-testid="stage">
        {stored !== null ? (
          <div className="picture">
            <StoredPicture
              id={stored.id}
              siteId={stored.siteId}
              takenAt={stored.receivedAt}
              alt={t('camera.stored')}
              eager
              testId="stored-picture"
              instead={(reason) => (
                <div className="picture-none">
                  <Icon name="mask" size={22} />
                  <span>{reason}</span>
                </div>
              )}
            />
            <button type="button" className="stage-live small" onClick={onLive}>
              {t('camera.back-to-live')}
            </button>
          </div>
        ) : sketch && !showsPicture ? (
          <div className="picture zone-grid" data-testid="zone-grid" />
        ) : isLive(live) ? (
          <LivePicture camera={camera} view={live} />
        ) : (
          <CameraPicture camera={camera} confirmBelow={mayEdit} />
        )}
        <ZoneCanvas zones={zones} hot={hot} editingId={task.what === 'change' ? task.zone.id : null} sketch={sketch} kind={kind} faulty={fault !== null} selected={selected} onSelect={setSelected} onSketch={edited.change} onSettled={edited.settle} onFinish={finish} />
      </div>
      {isLive(live) && <LiveBar camera={camera} view={live} />}
      {live.line.status === 'hidden' && (
        <p className="live-ended" role="status" data-testid="live-ended">
          <Icon name="paused" size={14} /> {t('live.hidden')}
        </p>
      )}
      {(showsPicture || isLive(live)) && (
        <div className="picture-notes">
          {stored !== null && <PictureShares picture={stored} />}
          <PictureLegend />
        </div>
      )}
      {mayEdit && camera.pictureStatus === 'moved' && (
        <div className="note view-note" data-testid="view-note">
          <Icon name="warn" />
          <p className="grow">{t('zone.view-moved')}</p>
          <ConfirmViewButton camera={camera} />
        </div>
      )}
      {mayEdit && (
        <div className="toolbar">
          {!sketch && (
            <button type="button" onClick={() => start({ what: 'new' })} data-testid="draw-zone">
              <Icon name="zone" />
              {showsPicture ? t('zone.draw') : t('zone.draw-blind')}
            </button>
          )}
          {!sketch && !showsPicture && <span className="hint grow">{t('zone.no-picture')}</span>}
          {sketch && (
            <>
              <button type="button" disabled={!edited.canUndo} onClick={edited.undo} title="Ctrl+Z" data-testid="zone-undo">
                <Icon name="undo" />
                {t('zone.undo')}
              </button>
              <button type="button" disabled={!edited.canRedo} onClick={edited.redo} title="Ctrl+Y" data-testid="zone-redo">
                <Icon name="redo" />
                {t('zone.redo')}
              </button>
              {shaping && (
                <button type="button" disabled={selected === null || sketch.points.length <= 3} onClick={() => selected !== null && edited.change((s) => cornerRemoved(s, selected))} data-testid="corner-remove">
                  <Icon name="trash" />
                  {t('zone.corner.remove')}
                </button>
              )}
              {!shaping && (
                <>
                  <button type="button" className="primary" disabled={sketch.points.length < 3} onClick={finish} data-testid="zone-finish">
                    {t('zone.finish')}
                  </button>
                  <button type="button" onClick={stop}>
                    {t('action.cancel')}
                  </button>
                </>
              )}
              <span className={fault ? 'bad' : 'muted'} role="status" data-testid="zone-status">
                {fault ? t(`zone.fault.${fault}`) : shaping ? t('zone.shaping', { count: sketch.points.length }) : t('zone.drawing', { count: sketch.points.length })}
              </span>
            </>
          )}
        </div>
      )}
      {sketch && !showsPicture && <p className="hint">{t('zone.grid')}</p>}
      {sketch && shaping && <ZoneForm key={task.what === 'change' ? task.zone.id : 'new'} camera={camera} zone={task.what === 'change' ? task.zone : null} points={sketch.points} fault={fault} kind={kind} onKind={setKind} onPicture={showsPicture} onDone={stop} />}
      <ZoneList zones={zones} mayEdit={mayEdit && !sketch} mayShape={(zone) => showsPicture || zone.kind === 'privacy'} onHot={setHot} onEdit={(zone) => start({ what: 'change', zone })} onRemove={setRemoving} />
      {removing && (
        <Confirm title={t('zone.remove')} text={t('zone.remove.question', { name: removing.name })} action={t('action.remove')} onConfirm={() => remove.mutate(removing)} onClose={() => setRemoving(null)} />
      )}
    </section>
  );
}
