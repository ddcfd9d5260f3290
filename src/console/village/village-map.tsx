/**
 * The village from above, drawn from what is registered: the site's features, places, cameras with the ground that they
 * see and their state. There is no background map on purpose: tiles would tell another host what is being watched.
 */
import L from 'leaflet';
import { useEffect, useRef, useState } from 'react';
import type { SiteFeature } from '../../contract/site-map.js';
import type { Place, Site } from '../../contract/site.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { createCameraLayer, type CameraLayer } from '../map/camera-layer.js';
import { cornersOf, createFeatureLayer, toLatLng, type FeatureLayer } from '../map/feature-layer.js';
import { featureSigns, type MapLayer } from '../map/feature-signs.js';
import { drawPreview, type Preview } from '../map/preview-layer.js';
import { escapeHtml, signIcon, useLeafletMap } from '../map/use-leaflet-map.js';
import { goTo } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { isPlaced } from './view-cone.js';

interface MapProps {
  sites: readonly Site[];
  places: readonly Place[];
  cameras: readonly CameraOnPage[];
  alerting: ReadonlySet<string>;
  features?: readonly SiteFeature[];
  /** layers that are switched off */
  hidden?: ReadonlySet<MapLayer>;
  /** the feature that is pointed at beside the map */
  hot?: string | null;
  /** a file that is not imported yet */
  preview?: Preview | null;
  /** a click on the ground: for choosing a position */
  onPick?: ((longitude: number, latitude: number) => void) | undefined;
  picked?: readonly [longitude: number, latitude: number] | null;
}

const noFeatures: readonly SiteFeature[] = [];
const nothingHidden: ReadonlySet<MapLayer> = new Set();

export function VillageMap({ sites, places, cameras, alerting, features = noFeatures, hidden = nothingHidden, hot = null, preview = null, onPick, picked = null }: MapProps) {
  const { t } = useText();
  const { box, map, fit } = useLeafletMap();
  const pick = useRef(onPick);
  pick.current = onPick;
  const [layers, setLayers] = useState<{ features: FeatureLayer; cameras: CameraLayer; ground: L.LayerGroup } | null>(null);
  const picking = onPick !== undefined;

  useEffect(() => {
    if (!map) return;
    map.on('click', (event) => pick.current?.(event.latlng.lng, event.latlng.lat));
    const made = {
      features: createFeatureLayer(map),
      cameras: createCameraLayer(map, picking ? null : (camera) => goTo({ page: 'camera', cameraId: camera.id })),
      ground: L.layerGroup().addTo(map),
    };
    setLayers(made);
    return () => {
      made.features.remove();
      made.cameras.remove();
      made.ground.remove();
      map.off('click');
    };
  }, [map, picking]);

  useEffect(() => {
    if (!layers) return;
    const { ground } = layers;
    ground.clearLayers();
    const bounded = new Set(features.filter((f) => f.kind === 'boundary').map((f) => f.siteId));
    const drawn = new Set(features.map((f) => f.placeId));
    const bounds = L.latLngBounds([]);
    for (const site of sites) {
      for (const corner of site.boundary) bounds.extend(toLatLng(corner));
      if (site.boundary.length > 2 && !bounded.has(site.id) && !hidden.has('boundary')) L.polygon(site.boundary.map(toLatLng), { className: 'feature feature-boundary', pane: 'features', interactive: false }).addTo(ground);
    }
    for (const place of places) {
      if (!place.position) continue;
      const at = toLatLng(place.position);
      bounds.extend(at);
      if (drawn.has(place.id) || hidden.has('place')) continue;
      const label = `${place.name} · ${t(`kind.${place.kind}`)}`;
      L.marker(at, { icon: signIcon('feature-sign feature-place', `<circle class="ground" r="9"/><path d="${featureSigns.place}"/>`, 20), keyboard: false, zIndexOffset: -500, alt: label }).addTo(ground).bindTooltip(escapeHtml(label), { direction: 'top', offset: [0, -6] });
    }
    for (const feature of features) for (const corner of cornersOf(feature)) bounds.extend(corner);
    for (const camera of cameras) if (isPlaced(camera)) bounds.extend([camera.latitude, camera.longitude]);
    if (picked) L.marker(toLatLng(picked), { icon: signIcon('map-picked', '<circle r="5"/><path d="M0-9V9M-9 0H9"/>', 22), interactive: false }).addTo(ground);
    fit(bounds);
  }, [layers, sites, places, features, hidden, cameras, picked, fit, t]);

  useEffect(() => {
    layers?.features.show(
      features.filter((f) => !hidden.has(f.kind)),
      (f) => [f.name, t(`feature.${f.kind}`), f.heightM === null ? '' : t('feature.height', { metres: f.heightM })].filter(Boolean).join(' · '),
    );
    layers?.features.light(hot);
  }, [layers, features, hidden, hot, t]);

  useEffect(() => {
    layers?.cameras.show(hidden.has('cameras') ? [] : cameras, (camera) => ({ alerting: alerting.has(camera.id), state: camera.enabled ? t(`state.${camera.state}`) : t('state.disabled') }));
  }, [layers, cameras, hidden, alerting, t]);

  useEffect(() => (map && preview ? drawPreview(map, preview) : undefined), [map, preview]);

  const nothing = !cameras.some(isPlaced) && !sites.some((s) => s.boundary.length > 2) && !places.some((p) => p.position) && features.length === 0 && preview === null;
  const unplaced = cameras.filter((c) => !isPlaced(c)).length;
  return (
    <div className="map" data-testid="map">
      <div className="map-box" ref={box} aria-label={t('map.label')} role="region" />
      {nothing && !onPick && <p className="map-note">{t('map.nothing')}</p>}
      {!nothing && unplaced > 0 && <p className="map-unplaced">{t('map.unplaced', { count: unplaced })}</p>}
    </div>
  );
}
