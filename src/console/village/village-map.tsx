/**
 * The village from above, drawn from what is registered: boundary, places, cameras with a cone and their state. There
 * is no background map on purpose: tiles would tell another host what is being watched.
 */
import L from 'leaflet';
import 'leaflet/dist/leaflet.css';
import { useEffect, useRef } from 'react';
import type { Place, Site } from '../../contract/site.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { goTo } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import type { Translate } from '../text/translate.js';
import { toneOf } from './state-badge.js';
import { conePath, isPlaced } from './view-cone.js';

interface MapProps {
  sites: readonly Site[];
  places: readonly Place[];
  cameras: readonly CameraOnPage[];
  alerting: ReadonlySet<string>;
  /** a click on the ground: for choosing a position */
  onPick?: ((longitude: number, latitude: number) => void) | undefined;
  picked?: readonly [longitude: number, latitude: number] | null;
}

export function VillageMap({ sites, places, cameras, alerting, onPick, picked = null }: MapProps) {
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<L.Map | null>(null);
  const layer = useRef<L.LayerGroup | null>(null);
  const fitted = useRef('');
  const extent = useRef<L.LatLngBounds | null>(null);
  const moved = useRef(false);
  const pick = useRef(onPick);
  pick.current = onPick;

  useEffect(() => {
    if (!box.current) return;
    const made = L.map(box.current, { attributionControl: false, zoomControl: false, zoomSnap: 0.25, maxZoom: 22, minZoom: 2, keyboard: true });
    made.setView([0, 0], 2);
    L.control.zoom({ position: 'topright' }).addTo(made);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(made);
    made.on('click', (event) => pick.current?.(event.latlng.lng, event.latlng.lat));
    layer.current = L.layerGroup().addTo(made);
    map.current = made;
    // Somebody who moved the map keeps their view; until then it follows its size, also from hidden to shown.
    const byHand = (): void => void (moved.current = true);
    for (const kind of ['pointerdown', 'wheel', 'keydown']) box.current.addEventListener(kind, byHand, { passive: true });
    const observer = new ResizeObserver(() => {
      made.invalidateSize({ animate: false });
      if (!moved.current && extent.current) fit(made, extent.current);
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.remove();
      map.current = null;
      fitted.current = '';
      moved.current = false;
    };
  }, []);

  useEffect(() => {
    const [made, group] = [map.current, layer.current];
    if (!made || !group) return;
    group.clearLayers();
    const bounds = L.latLngBounds([]);
    for (const site of sites) {
      if (site.boundary.length < 3) continue;
      const ring = site.boundary.map(([lng, lat]) => L.latLng(lat, lng));
      L.polygon(ring, { className: 'map-boundary', interactive: false }).addTo(group);
      for (const corner of ring) bounds.extend(corner);
    }
    for (const place of places) {
      if (!place.position) continue;
      const at = L.latLng(place.position[1], place.position[0]);
      bounds.extend(at);
      L.marker(at, { icon: signIcon('map-place', '<path d="M0-6L6 0L0 6L-6 0Z"/>', 16), keyboard: false, title: place.name }).addTo(group).bindTooltip(escapeHtml(`${place.name} · ${t(`kind.${place.kind}`)}`), { direction: 'top', offset: [0, -6] });
    }
    for (const camera of cameras) {
      if (!isPlaced(camera)) continue;
      const at = L.latLng(camera.latitude, camera.longitude);
      bounds.extend(at);
      const marker = L.marker(at, { icon: cameraIcon(camera, alerting.has(camera.id)), title: camera.name, alt: `${camera.name}, ${stateWord(camera, t)}`, riseOnHover: true });
      marker.addTo(group).bindTooltip(escapeHtml(`${camera.name} · ${stateWord(camera, t)}`), { direction: 'top', offset: [0, -10] });
      if (!pick.current) marker.on('click keypress', () => goTo({ page: 'camera', cameraId: camera.id }));
    }
    if (picked) L.marker(L.latLng(picked[1], picked[0]), { icon: signIcon('map-picked', '<circle r="5"/><path d="M0-9V9M-9 0H9"/>', 22), interactive: false }).addTo(group);
    if (!bounds.isValid()) return;
    extent.current = bounds;
    if (fitted.current === bounds.toBBoxString()) return;
    fitted.current = bounds.toBBoxString();
    fit(made, bounds);
  }, [sites, places, cameras, alerting, picked, t]);

  const nothing = !cameras.some(isPlaced) && !sites.some((s) => s.boundary.length > 2) && !places.some((p) => p.position);
  const unplaced = cameras.filter((c) => !isPlaced(c)).length;
  return (
    <div className="map" data-testid="map">
      <div className="map-box" ref={box} aria-label={t('map.label')} role="region" />
      {nothing && !onPick && <p className="map-note">{t('map.nothing')}</p>}
      {!nothing && unplaced > 0 && <p className="map-unplaced">{t('map.unplaced', { count: unplaced })}</p>}
    </div>
  );
}

function fit(map: L.Map, bounds: L.LatLngBounds): void {
  if (map.getSize().x > 0) map.fitBounds(bounds.pad(0.12), { animate: false, maxZoom: 19 });
}

function stateWord(camera: CameraOnPage, t: Translate): string {
  return camera.enabled ? t(`state.${camera.state}`) : t('state.disabled');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function signIcon(className: string, shape: string, sizePx: number): L.DivIcon {
  const half = sizePx / 2;
  return L.divIcon({ className, iconSize: [sizePx, sizePx], html: `<svg viewBox="${-half} ${-half} ${sizePx} ${sizePx}" width="${sizePx}" height="${sizePx}">${shape}</svg>` });
}

function cameraIcon(camera: CameraOnPage, alerting: boolean): L.DivIcon {
  const cone = camera.azimuthDeg === null ? '' : `<path class="cone" d="${conePath(camera.azimuthDeg, camera.horizontalFovDeg ?? 60, 34)}"/>`;
  const ring = alerting ? '<circle class="ring" r="11"/>' : '';
  const sign = { good: '<path d="M-3 0l2 2 4-4"/>', fair: '<path d="M-2-3l5 3-5 3z"/>', poor: '<path d="M0-3.5V1M0 3v.3"/>', down: '<path d="M-2.5-2.5l5 5M2.5-2.5l-5 5"/>', off: '<path d="M-1.8-3v6M1.8-3v6"/>' }[toneOf(camera)];
  return L.divIcon({
    className: `map-camera tone-${toneOf(camera)}`,
    iconSize: [22, 22],
    html: `<svg viewBox="-36 -36 72 72" width="72" height="72" overflow="visible">${cone}${ring}<circle class="dot" r="7"/>${sign}</svg>`,
  });
}
