/** The picture in large with its zones on it; a new zone is drawn here, point by point. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import type { PictureRow } from '../../contract/picture.js';
import type { Zone } from '../../contract/zone.js';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { useSession } from '../session/session-context.js';
import { Confirm } from '../shell/dialog.js';
import { Icon } from '../shell/icons.js';
import { useNotices } from '../shell/notices.js';
import { StoredPicture } from '../shell/stored-picture.js';
import { useText } from '../text/i18n.js';
import { CameraPicture } from '../village/camera-picture.js';
import { addPoint, centreOf, closes, faultOf, pointAt, svgPoints, type ZonePoint } from './zone-drawing.js';
import { ZoneForm } from './zone-form.js';
import { ZoneList } from './zone-list.js';

interface StageProps {
  camera: CameraOnPage;
  zones: readonly Zone[];
  /** a stored picture instead of the newest one */
  stored: PictureRow | null;
  onLive: () => void;
}

export function ZoneStage({ camera, zones, stored, onLive }: StageProps) {
  const { t } = useText();
  const { can } = useSession();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const [points, setPoints] = useState<readonly ZonePoint[] | null>(null);
  const [finished, setFinished] = useState(false);
  const [hot, setHot] = useState<string | null>(null);
  const [removing, setRemoving] = useState<Zone | null>(null);
  const mayEdit = can('editZones', camera.siteId);
  const drawing = points !== null;
  const fault = points === null ? null : faultOf(points);

  const stop = (): void => {
    setPoints(null);
    setFinished(false);
  };
  const remove = useMutation({
    mutationFn: (zone: Zone) => api.removeZone(zone.id),
    onSuccess: (_, zone) => {
      tell('ok', t('zone.removed', { name: zone.name }));
      void queries.invalidateQueries({ queryKey: keys.zones });
    },
    onError: tellError,
  });

  const finish = (): void => {
    if (fault === null) setFinished(true);
    else tell('bad', t(`zone.fault.${fault}`));
  };

  return (
    <section className="panel stage-panel">
      <div className={`stage ${drawing ? 'drawing' : ''}`} data-testid="stage">
        {stored === null ? (
          <CameraPicture camera={camera} />
        ) : (
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
        )}
        <ZoneOverlay zones={zones} hot={hot} points={points} onClosed={finish} onPoints={drawing && !finished ? setPoints : null} />
      </div>
      {mayEdit && (
        <div className="toolbar">
          {!drawing && (
            <button type="button" onClick={() => setPoints([])} data-testid="draw-zone">
              <Icon name="zone" />
              {t('zone.draw')}
            </button>
          )}
          {drawing && !finished && (
            <>
              <span className="muted" role="status">
                {t('zone.drawing', { count: points.length })}
              </span>
              <button type="button" disabled={points.length === 0} onClick={() => setPoints(points.slice(0, -1))} data-testid="zone-undo">
                <Icon name="undo" />
                {t('zone.undo')}
              </button>
              <button type="button" className="primary" disabled={points.length < 3} onClick={finish} data-testid="zone-finish">
                {t('zone.finish')}
              </button>
              <button type="button" onClick={stop}>
                {t('action.cancel')}
              </button>
            </>
          )}
        </div>
      )}
      {drawing && finished && <ZoneForm camera={camera} points={points} onDone={stop} onBack={() => setFinished(false)} />}
      <ZoneList zones={zones} mayEdit={mayEdit} onHot={setHot} onRemove={setRemoving} />
      {removing && (
        <Confirm title={t('zone.remove')} text={t('zone.remove.question', { name: removing.name })} action={t('action.remove')} onConfirm={() => remove.mutate(removing)} onClose={() => setRemoving(null)} />
      )}
    </section>
  );
}

interface OverlayProps {
  zones: readonly Zone[];
  hot: string | null;
  points: readonly ZonePoint[] | null;
  onPoints: ((points: readonly ZonePoint[]) => void) | null;
  onClosed: () => void;
}

/** Clicks add points; the arrow keys move a cross-hair and Space sets a point, for those without a mouse. */
function ZoneOverlay({ zones, hot, points, onPoints, onClosed }: OverlayProps) {
  const { t } = useText();
  const box = useRef<SVGSVGElement>(null);
  const [aim, setAim] = useState<ZonePoint>([0.5, 0.5]);
  const set = (next: ZonePoint): void => {
    if (!onPoints || points === null) return;
    if (closes(points, next)) onClosed();
    else onPoints(addPoint(points, next));
  };
  const placeOf = (event: PointerEvent): ZonePoint | null => {
    const rect = box.current?.getBoundingClientRect();
    return rect ? pointAt(event.clientX - rect.left, event.clientY - rect.top, rect.width, rect.height) : null;
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 0.05 : 0.01;
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    if (dx !== 0 || dy !== 0) setAim(pointAt(aim[0] + (dx ?? 0), aim[1] + (dy ?? 0), 1, 1));
    else if (event.key === ' ') set(aim);
    else if (event.key === 'Enter') onClosed();
    else if (event.key === 'Backspace' && points) onPoints?.(points.slice(0, -1));
    else return;
    event.preventDefault();
  };
  const active = onPoints !== null;
  return (
    <svg
      ref={box}
      className={`zones ${active ? 'active' : ''}`}
      viewBox="0 0 1000 1000"
      preserveAspectRatio="none"
      role={active ? 'application' : 'img'}
      aria-label={active ? t('zone.canvas') : t('zone.overlay', { count: zones.length })}
      tabIndex={active ? 0 : -1}
      onPointerDown={(event) => {
        const at = placeOf(event);
        if (at) set(at);
      }}
      onPointerMove={(event) => {
        const at = active ? placeOf(event) : null;
        if (at) setAim(at);
      }}
      onKeyDown={active ? onKey : undefined}
      data-testid="zone-canvas"
    >
      {zones.map((zone) => (
        <g key={zone.id} className={`zone zone-${zone.kind} ${hot === zone.id ? 'hot' : ''}`} data-testid="zone">
          <polygon points={svgPoints(zone.polygon)} vectorEffect="non-scaling-stroke">
            <title>{zone.name}</title>
          </polygon>
        </g>
      ))}
      {points !== null && points.length > 0 && (
        <g className="zone zone-new">
          <polygon points={svgPoints(active ? [...points, aim] : points)} vectorEffect="non-scaling-stroke" />
          {points.map(([x, y], i) => (
            <line key={i} className="corner" x1={x * 1000} y1={y * 1000} x2={x * 1000} y2={y * 1000} vectorEffect="non-scaling-stroke" />
          ))}
        </g>
      )}
      {active && <path className="aim" d={`M${aim[0] * 1000 - 12} ${aim[1] * 1000}h24M${aim[0] * 1000} ${aim[1] * 1000 - 18}v36`} vectorEffect="non-scaling-stroke" />}
      {zones.map((zone) => (hot === zone.id ? <circle key={zone.id} className="hot-dot" cx={centreOf(zone.polygon)[0] * 1000} cy={centreOf(zone.polygon)[1] * 1000} r="5" /> : null))}
    </svg>
  );
}
