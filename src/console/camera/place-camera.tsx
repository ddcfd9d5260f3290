/** Placing a camera: on the map by hand, in numbers, or as the device says. Saved in one PATCH of what changed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, type FormEvent } from 'react';
import type { Pose } from '../../contract/camera.js';
import type { SiteFeature } from '../../contract/site-map.js';
import { api } from '../api/endpoints.js';
import { keys, useCameras, useFeatures, usePictures, usePlaces } from '../api/queries.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { MapLegend, useHiddenLayers } from '../map/map-legend.js';
import { PlacingMap } from '../map/placing-map.js';
import { changedFields, missingFields, poseFields, poseOf, toldDifferences, type PoseField } from '../map/pose-edit.js';
import { featureKinds } from '../map/feature-kinds.js';
import { undoKey, useHistory } from '../map/use-history.js';
import { useSession } from '../session/session-context.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox, useNotices } from '../shell/notices.js';
import { goTo } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { isPlaced } from '../village/view-cone.js';
import { PoseFields } from './pose-fields.js';
import { SideView } from './side-view.js';

const noFeatures: readonly SiteFeature[] = [];

export function PlaceCamera({ camera }: { camera: CameraOnPage }) {
  const { t } = useText();
  const { sites } = useSession();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const edited = useHistory<Pose>(poseOf(camera));
  const [hidden, flip] = useHiddenLayers();
  const features = useFeatures(camera.siteId).data ?? noFeatures;
  const allPlaces = usePlaces().data;
  const allCameras = useCameras().data;
  const places = useMemo(() => (allPlaces ?? []).filter((p) => p.siteId === camera.siteId), [allPlaces, camera.siteId]);
  const others = useMemo(() => (allCameras ?? []).filter((c) => c.siteId === camera.siteId && c.id !== camera.id), [allCameras, camera.siteId, camera.id]);
  const [newest] = usePictures(camera.id, 18, true).data?.items ?? [];
  const pose = edited.now;
  const change = (make: (pose: Pose) => Pose, gesture?: string): void =>
    edited.change((held) => {
      const next = make(held);
      return Object.keys(changedFields(held, next)).length === 0 ? held : next;
    }, gesture);

  const patch = changedFields(poseOf(camera), pose);
  const dirty = Object.keys(patch).length > 0;
  const missing = missingFields(pose);
  const close = (): void => goTo({ page: 'camera', cameraId: camera.id });
  const save = useMutation({
    mutationFn: () => api.updateCamera(camera.id, patch),
    onSuccess: () => {
      tell('ok', t('place.saved', { camera: camera.name }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
      close();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  const counts = { cameras: others.filter(isPlaced).length, ...Object.fromEntries(featureKinds.map((k) => [k, features.filter((f) => f.kind === k).length])) };

  return (
    <form className="placing" onSubmit={submit} onKeyDown={(e) => void undoKey(e, edited)} data-testid="placing">
      <div className="placing-left">
        <div className="toolbar">
          <button type="button" disabled={!edited.canUndo} onClick={edited.undo} data-testid="pose-undo" title="Ctrl+Z">
            <Icon name="undo" />
            {t('zone.undo')}
          </button>
          <button type="button" disabled={!edited.canRedo} onClick={edited.redo} data-testid="pose-redo" title="Ctrl+Y">
            <Icon name="redo" />
            {t('zone.redo')}
          </button>
          <span className="muted hint grow">{t('place.how')}</span>
        </div>
        <PlacingMap name={camera.name} pose={pose} onChange={change} onSettled={edited.settle} site={sites.find((s) => s.id === camera.siteId)} places={places} features={features} hidden={hidden} others={others} />
        <details className="layers">
          <summary>{t('map.layers')}</summary>
          <MapLegend hidden={hidden} onFlip={flip} counts={counts} />
        </details>
      </div>
      <div className="placing-right">
        <section className="panel">
          <PoseFields pose={pose} onChange={change} onSettled={edited.settle} />
          <SideView pose={pose} aspect={newest ? newest.widthPx / newest.heightPx : 16 / 9} />
        </section>
        <Told camera={camera} pose={pose} onTake={(told) => change((p) => ({ ...p, ...told }))} />
        {missing.length > 0 && (
          <p className="note" data-testid="pose-missing">
            <Icon name="warn" />
            <span>{t('place.missing', { fields: missing.map((f) => t(`pose.${f}`)).join(t('place.comma')) })}</span>
          </p>
        )}
        <ProblemBox error={save.error} />
        <div className="actions end placing-actions">
          <button type="button" onClick={close}>
            {t('action.cancel')}
          </button>
          <button type="submit" className="primary" disabled={!dirty || save.isPending} data-testid="pose-save">
            {t('action.save')}
          </button>
        </div>
      </div>
    </form>
  );
}

/** What the device says of its own position and view, as far as it says it, and what differs. */
function Told({ camera, pose, onTake }: { camera: CameraOnPage; pose: Pose; onTake: (told: Partial<Pose>) => void }) {
  const { t } = useText();
  const told = camera.toldPose;
  const says = told === null ? [] : poseFields.filter((f) => (told[f] ?? null) !== null);
  if (told === null || says.length === 0) return <p className="hint" data-testid="told-none">{t('place.told.none')}</p>;
  const differs = toldDifferences(pose, told);
  const value = (f: PoseField): string => (f === 'mountHeightM' ? `${told[f]} m` : `${told[f]}°`);
  const silent = missingFields(told);
  return (
    <section className="panel told" data-testid="told">
      <h2>{t('place.told')}</h2>
      <dl className="facts">
        {says.map((f) => (
          <div key={f} className={f in differs ? 'differs' : ''}>
            <dt>{t(`pose.${f}`)}</dt>
            <dd>
              {value(f)} {f in differs ? <b>{t('place.told.differs')}</b> : <span className="muted">{t('place.told.same')}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {silent.length > 0 && <p className="hint">{t('place.told.silent', { fields: silent.map((f) => t(`pose.${f}`)).join(t('place.comma')) })}</p>}
      {Object.keys(differs).length > 0 && (
        <button type="button" onClick={() => onTake(differs)} data-testid="take-told">
          <Icon name="refresh" />
          {t('place.told.take')}
        </button>
      )}
    </section>
  );
}
