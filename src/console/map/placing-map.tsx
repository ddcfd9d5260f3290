/** The map on which one camera is placed: its handles, the site around it, the other cameras in the background. */
import L from 'leaflet';
import { useEffect, useRef, useState } from 'react';
import type { Pose } from '../../contract/camera.js';
import type { SiteFeature } from '../../contract/site-map.js';
import type { Place, Site } from '../../contract/site.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { Icon } from '../shell/icons.js';
import { useText } from '../text/i18n.js';
import { isPlaced } from '../village/view-cone.js';
import { createCameraLayer } from './camera-layer.js';
import { cornersOf, createFeatureLayer, toLatLng, type FeatureLayer } from './feature-layer.js';
import { featureSigns, type MapLayer } from './feature-signs.js';
import { pointToward } from './local-plane.js';
import { placeOf, putAt } from './pose-edit.js';
import { createPoseHandles, type Handle, type PoseHandles } from './pose-handles.js';
import { signIcon, useLeafletMap } from './use-leaflet-map.js';

interface PlacingProps {
  name: string;
  pose: Pose;
  onChange: (change: (pose: Pose) => Pose, gesture?: string) => void;
  onSettled: () => void;
  site: Site | undefined;
  places: readonly Place[];
  features: readonly SiteFeature[];
  hidden: ReadonlySet<MapLayer>;
  others: readonly CameraOnPage[];
}

interface Layers {
  handles: PoseHandles;
  features: FeatureLayer;
  others: ReturnType<typeof createCameraLayer>;
  ground: L.LayerGroup;
}

export function PlacingMap({ name, pose, onChange, onSettled, site, places, features, hidden, others }: PlacingProps) {
  const { t } = useText();
  const { box, map, fit } = useLeafletMap();
  const [layers, setLayers] = useState<Layers | null>(null);
  const words = (handle: Handle, of: Pose): { label: string; value: string } => {
    const degrees = (value: number | null): string => (value === null ? t('place.unknown') : `${value}°`);
    if (handle === 'position') return { label: t('place.handle.position', { name }), value: `${of.latitude}, ${of.longitude}` };
    return handle === 'azimuth' ? { label: t('place.handle.azimuth'), value: degrees(of.azimuthDeg) } : { label: t('place.handle.fov'), value: degrees(of.horizontalFovDeg) };
  };
  const now = useRef({ pose, onChange, onSettled, words });
  now.current = { pose, onChange, onSettled, words };

  useEffect(() => {
    if (!map) return;
    const made: Layers = {
      handles: createPoseHandles(map, { onChange: (change, gesture) => now.current.onChange(change, gesture), onSettled: () => now.current.onSettled(), words: (handle, of) => now.current.words(handle, of) }),
      features: createFeatureLayer(map),
      others: createCameraLayer(map, null),
      ground: L.layerGroup().addTo(map),
    };
    // A click sets a camera that stands nowhere yet; one that does is dragged, so that a slip moves nothing.
    const onClick = (event: L.LeafletMouseEvent): void => {
      if (placeOf(now.current.pose) === null) now.current.onChange((p) => putAt(p, { longitude: event.latlng.lng, latitude: event.latlng.lat }));
    };
    map.on('click', onClick);
    setLayers(made);
    return () => {
      map.off('click', onClick);
      made.handles.remove();
      made.features.remove();
      made.others.remove();
      made.ground.remove();
    };
  }, [map]);

  useEffect(() => {
    if (!layers) return;
    const bounds = L.latLngBounds([]);
    const at = placeOf(now.current.pose);
    layers.ground.clearLayers();
    const bounded = features.some((f) => f.kind === 'boundary');
    if (site && site.boundary.length > 2 && !bounded && !hidden.has('boundary')) L.polygon(site.boundary.map(toLatLng), { className: 'feature feature-boundary', pane: 'features', interactive: false }).addTo(layers.ground);
    const drawn = new Set(features.map((f) => f.placeId));
    for (const place of places) {
      if (!place.position || drawn.has(place.id) || hidden.has('place')) continue;
      L.marker(toLatLng(place.position), { icon: signIcon('feature-sign feature-place', `<circle class="ground" r="9"/><path d="${featureSigns.place}"/>`, 20), interactive: false, keyboard: false, zIndexOffset: -500 }).addTo(layers.ground);
    }
    if (at) for (const deg of [0, 90, 180, 270]) bounds.extend(L.latLng(pointToward(at, deg, 75).latitude, pointToward(at, deg, 75).longitude));
    else {
      for (const corner of site?.boundary ?? []) bounds.extend(toLatLng(corner));
      for (const feature of features) for (const corner of cornersOf(feature)) bounds.extend(corner);
      for (const other of others) if (isPlaced(other)) bounds.extend([other.latitude, other.longitude]);
      for (const place of places) if (place.position) bounds.extend(toLatLng(place.position));
    }
    fit(bounds);
    // The extent is that of the beginning: a drag does not move the ground under the hand.
  }, [layers, site, places, features, hidden, others.length, fit]);

  useEffect(() => {
    layers?.features.show(features.filter((f) => !hidden.has(f.kind)), (f) => `${f.name} · ${t(`feature.${f.kind}`)}`);
  }, [layers, features, hidden, t]);
  useEffect(() => {
    layers?.others.show(hidden.has('cameras') ? [] : others, (camera) => ({ alerting: false, state: camera.enabled ? t(`state.${camera.state}`) : t('state.disabled') }));
  }, [layers, others, hidden, t]);
  useEffect(() => layers?.handles.show(pose), [layers, pose, t]);

  const at = placeOf(pose);
  const look = (): void => {
    if (map && at) map.setView([at.latitude, at.longitude], Math.max(map.getZoom(), 18), { animate: false });
  };
  return (
    <div className={`map placing-map ${at ? '' : 'unplaced'}`} data-testid="placing-map">
      <div className="map-box" ref={box} role="region" aria-label={t('place.map')} />
      {at ? (
        <button type="button" className="map-look small" onClick={look} title={t('place.look')} aria-label={t('place.look')}>
          <Icon name="camera" size={14} />
        </button>
      ) : (
        <div className="map-ask">
          <span>{t('place.click')}</span>
          <button
            type="button"
            className="small"
            data-testid="place-middle"
            onClick={() => {
              const centre = map?.getCenter();
              if (centre) onChange((p) => putAt(p, { longitude: centre.lng, latitude: centre.lat }));
            }}
          >
            {t('place.middle')}
          </button>
        </div>
      )}
    </div>
  );
}
