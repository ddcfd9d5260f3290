/**
 * The handles of a camera that is being placed: itself, the tip of its cone (direction) and the two edges (angle of
 * view). Dragged by mouse, pen or finger; moved by the arrow keys when focused.
 */
import L from 'leaflet';
import type { Pose } from '../../contract/camera.js';
import { coneRing, drawnReach, guessedFovDeg } from './ground-cone.js';
import { pointToward, type GroundPoint } from './local-plane.js';
import { nudged, openedBy, openedTo, placeOf, putAt, turnedBy, turnedTo } from './pose-edit.js';
import { signIcon } from './use-leaflet-map.js';

export type Handle = 'position' | 'azimuth' | 'left' | 'right';
const handles: readonly Handle[] = ['left', 'right', 'azimuth', 'position'];
/** A handle is never nearer to the camera than this, so that fingers can tell them apart. */
const leastPx = 78;

export interface PoseHandles {
  show(pose: Pose): void;
  remove(): void;
}

interface Hooks {
  /** `gesture` is the same for all steps of one drag or one held key */
  readonly onChange: (change: (pose: Pose) => Pose, gesture: string) => void;
  readonly onSettled: () => void;
  readonly words: (handle: Handle, pose: Pose) => { label: string; value: string };
}

const shapes: Record<Handle, string> = {
  position: '<circle class="grip" r="11"/><path d="M0-6V6M-6 0H6"/>',
  azimuth: '<circle class="grip" r="12"/><path d="M0 5V-5M-4-1L0-5L4-1"/>',
  left: '<circle class="grip" r="10"/><path d="M-5 0H5M-2.5-3L-5 0L-2.5 3M2.5-3L5 0L2.5 3"/>',
  right: '<circle class="grip" r="10"/><path d="M-5 0H5M-2.5-3L-5 0L-2.5 3M2.5-3L5 0L2.5 3"/>',
};

const toLatLng = (p: GroundPoint): L.LatLng => L.latLng(p.latitude, p.longitude);

export function createPoseHandles(map: L.Map, hooks: Hooks): PoseHandles {
  let pose: Pose | null = null;
  const cone = L.polygon([], { className: 'pose-cone', pane: 'cones', interactive: false, smoothFactor: 0 }).addTo(map);
  const rays = L.polyline([], { className: 'pose-rays', pane: 'cones', interactive: false, smoothFactor: 0 }).addTo(map);
  const markers = new Map<Handle, L.Marker>();

  function change(handle: Handle, to: GroundPoint, gesture: string): void {
    hooks.onChange((p) => (handle === 'position' ? putAt(p, to) : handle === 'azimuth' ? turnedTo(p, to) : openedTo(p, to)), gesture);
  }

  function onKey(handle: Handle, event: KeyboardEvent): void {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if ((x === 0 && y === 0) || x === undefined || y === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const metres = event.shiftKey ? 5 : 0.5;
    const deg = (x + y) * (event.shiftKey ? 10 : 1);
    hooks.onChange((p) => (handle === 'position' ? nudged(p, x * metres, y * metres) : handle === 'azimuth' ? turnedBy(p, deg) : openedBy(p, deg)), `key:${handle}`);
  }

  function make(handle: Handle, at: L.LatLng): L.Marker {
    const marker = L.marker(at, { icon: signIcon(`pose-handle pose-${handle}`, shapes[handle], 30), interactive: false, keyboard: false, zIndexOffset: handle === 'position' ? 3000 : 2000 }).addTo(map);
    const element = marker.getElement();
    if (!element) return marker;
    element.tabIndex = 0;
    element.dataset['testid'] = `handle-${handle}`;
    element.setAttribute('role', handle === 'position' ? 'button' : 'slider');
    L.DomEvent.disableClickPropagation(element);
    let grip: L.Point | null = null;
    let gesture = '';
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation();
      element.focus({ preventScroll: true });
      element.setPointerCapture(event.pointerId);
      map.dragging.disable();
      grip = map.latLngToContainerPoint(marker.getLatLng()).subtract(map.mouseEventToContainerPoint(event));
      gesture = `drag:${handle}:${event.timeStamp}`;
    });
    element.addEventListener('pointermove', (event) => {
      if (!grip) return;
      const { lng, lat } = map.containerPointToLatLng(map.mouseEventToContainerPoint(event).add(grip));
      change(handle, { longitude: lng, latitude: lat }, gesture);
    });
    const release = (): void => {
      if (!grip) return;
      grip = null;
      map.dragging.enable();
      hooks.onSettled();
    };
    element.addEventListener('pointerup', release);
    element.addEventListener('pointercancel', release);
    element.addEventListener('lostpointercapture', release);
    element.addEventListener('keydown', (event) => onKey(handle, event));
    element.addEventListener('keyup', () => hooks.onSettled());
    return marker;
  }

  function put(handle: Handle, at: GroundPoint, of: Pose, turnDeg: number): void {
    const marker = markers.get(handle) ?? make(handle, toLatLng(at));
    markers.set(handle, marker);
    marker.setLatLng(toLatLng(at));
    const element = marker.getElement();
    if (!element) return;
    const { label, value } = hooks.words(handle, of);
    element.setAttribute('aria-label', handle === 'position' ? `${label}: ${value}` : label);
    element.title = `${label}: ${value}`;
    if (handle !== 'position') {
      const [max, now] = handle === 'azimuth' ? [360, of.azimuthDeg] : [180, of.horizontalFovDeg];
      for (const [name, text] of [['aria-valuemin', '0'], ['aria-valuemax', String(max)], ['aria-valuenow', String(now ?? 0)], ['aria-valuetext', value]] as const) element.setAttribute(name, text);
      const sign = element.querySelector('path');
      sign?.setAttribute('transform', `rotate(${turnDeg})`);
    }
  }

  function draw(): void {
    const at = pose && placeOf(pose);
    if (!pose || !at) {
      for (const marker of markers.values()) marker.remove();
      markers.clear();
      cone.setLatLngs([]);
      rays.setLatLngs([]);
      return;
    }
    const azimuth = pose.azimuthDeg ?? 0;
    const fov = pose.horizontalFovDeg ?? guessedFovDeg;
    const reach = drawnReach(pose);
    const pxPerM = map.latLngToContainerPoint(toLatLng(at)).distanceTo(map.latLngToContainerPoint(toLatLng(pointToward(at, 90, 10)))) / 10;
    const tipM = Math.max(reach?.farM ?? 0, leastPx / Math.max(pxPerM, 1e-6));
    const sideM = tipM * 0.66;
    cone.setLatLngs(reach ? coneRing(at, azimuth, fov, reach).map(toLatLng) : []);
    cone.getElement()?.classList.toggle('guessed', (reach?.guessed ?? true) || pose.azimuthDeg === null);
    const [tip, left, right] = [pointToward(at, azimuth, tipM), pointToward(at, azimuth - fov / 2, sideM), pointToward(at, azimuth + fov / 2, sideM)];
    rays.setLatLngs([[toLatLng(at), toLatLng(tip)], [toLatLng(at), toLatLng(left)], [toLatLng(at), toLatLng(right)]]);
    put('left', left, pose, azimuth - fov / 2);
    put('right', right, pose, azimuth + fov / 2);
    put('azimuth', tip, pose, azimuth);
    put('position', at, pose, 0);
  }

  map.on('zoomend viewreset', draw);
  return {
    show(next) {
      pose = next;
      draw();
    },
    remove() {
      map.off('zoomend viewreset', draw);
      for (const handle of handles) markers.get(handle)?.remove();
      markers.clear();
      cone.remove();
      rays.remove();
    },
  };
}
