/** Cameras on the map: a sign in the colour of their state, and the ground that they see. Kept in step, not redrawn. */
import L from 'leaflet';
import type { CameraOnPage } from '../live/apply-event.js';
import { toneOf } from '../village/state-badge.js';
import { isPlaced } from '../village/view-cone.js';
import { coneRing, drawnReach, guessedFovDeg } from './ground-cone.js';
import { escapeHtml } from './use-leaflet-map.js';

export interface CameraLook {
  readonly alerting: boolean;
  /** state in words */
  readonly state: string;
}

export interface CameraLayer {
  show(cameras: readonly CameraOnPage[], lookOf: (camera: CameraOnPage) => CameraLook): void;
  remove(): void;
}

/** @param onOpen a click or Enter on a camera; without it a click goes through to the ground */
export function createCameraLayer(map: L.Map, onOpen: ((camera: CameraOnPage) => void) | null): CameraLayer {
  const held = new Map<string, { signature: string; layers: L.Layer[] }>();
  const drop = (id: string): void => {
    for (const layer of held.get(id)?.layers ?? []) layer.remove();
    held.delete(id);
  };

  function draw(camera: CameraOnPage & { longitude: number; latitude: number }, look: CameraLook): L.Layer[] {
    const tone = toneOf(camera);
    const at = L.latLng(camera.latitude, camera.longitude);
    const title = `${camera.name} · ${look.state}`;
    const marker = L.marker(at, { icon: cameraIcon(tone, look.alerting), title: camera.name, alt: title, riseOnHover: true, zIndexOffset: look.alerting ? 500 : 0 });
    marker.bindTooltip(escapeHtml(title), { direction: 'top', offset: [0, -10] });
    if (onOpen) marker.on('click keypress', (event) => (event.type === 'click' || (event as L.LeafletKeyboardEvent).originalEvent.key === 'Enter') && onOpen(camera));
    const cone = coneOf(camera);
    return [...(cone === null ? [] : [L.polygon(cone.ring, { className: `map-cone tone-${tone} ${cone.guessed ? 'guessed' : ''}`, pane: 'cones', interactive: false, smoothFactor: 0 })]), marker];
  }

  return {
    show(cameras, lookOf) {
      const placed = cameras.filter(isPlaced) as (CameraOnPage & { longitude: number; latitude: number })[];
      const ids = new Set(placed.map((c) => c.id));
      for (const id of held.keys()) if (!ids.has(id)) drop(id);
      for (const camera of placed) {
        const look = lookOf(camera);
        const signature = JSON.stringify([camera.name, camera.longitude, camera.latitude, camera.azimuthDeg, camera.horizontalFovDeg, camera.tiltDeg, camera.mountHeightM, toneOf(camera), look]);
        if (held.get(camera.id)?.signature === signature) continue;
        drop(camera.id);
        const layers = draw(camera, look);
        for (const layer of layers) layer.addTo(map);
        held.set(camera.id, { signature, layers });
      }
    },
    remove() {
      for (const id of [...held.keys()]) drop(id);
    },
  };
}

/** Nothing for a camera whose direction is not known, or that sees no ground. */
export function coneOf(camera: { longitude: number; latitude: number; azimuthDeg: number | null; horizontalFovDeg: number | null; tiltDeg: number | null; mountHeightM: number | null }): { ring: L.LatLng[]; guessed: boolean } | null {
  const reach = camera.azimuthDeg === null ? null : drawnReach(camera);
  if (reach === null || camera.azimuthDeg === null) return null;
  return { ring: coneRing(camera, camera.azimuthDeg, camera.horizontalFovDeg ?? guessedFovDeg, reach).map((p) => L.latLng(p.latitude, p.longitude)), guessed: reach.guessed };
}

function cameraIcon(tone: ReturnType<typeof toneOf>, alerting: boolean): L.DivIcon {
  const ring = alerting ? '<circle class="ring" r="11"/>' : '';
  const sign = { good: '<path d="M-3 0l2 2 4-4"/>', fair: '<path d="M-2-3l5 3-5 3z"/>', poor: '<path d="M0-3.5V1M0 3v.3"/>', down: '<path d="M-2.5-2.5l5 5M2.5-2.5l-5 5"/>', off: '<path d="M-1.8-3v6M1.8-3v6"/>' }[tone];
  return L.divIcon({ className: `map-camera tone-${tone}`, iconSize: [22, 22], html: `<svg viewBox="-36 -36 72 72" width="72" height="72" overflow="visible">${ring}<circle class="dot" r="8"/>${sign}</svg>` });
}
