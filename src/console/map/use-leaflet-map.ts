/** A map without tiles in an element: zoom, scale, and an extent that it keeps in view until somebody moves it. */
import L from 'leaflet';
import 'leaflet/dist/leaflet.css';
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

export interface LeafletMap {
  readonly box: RefObject<HTMLDivElement | null>;
  /** null until the element is there */
  readonly map: L.Map | null;
  /** shows the extent when it is another than the last one; always with `again` */
  readonly fit: (bounds: L.LatLngBounds, again?: boolean) => void;
}

export function useLeafletMap(): LeafletMap {
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<L.Map | null>(null);
  const live = useRef<L.Map | null>(null);
  const extent = useRef<L.LatLngBounds | null>(null);
  const moved = useRef(false);

  useEffect(() => {
    if (!box.current) return;
    const made = L.map(box.current, { attributionControl: false, zoomControl: false, zoomSnap: 0.25, maxZoom: 23, minZoom: 2, keyboard: true });
    made.setView([0, 0], 2);
    L.control.zoom({ position: 'topright' }).addTo(made);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(made);
    for (const [pane, zIndex] of [['features', 390], ['cones', 410], ['preview', 430]] as const) made.createPane(pane).style.zIndex = String(zIndex);
    live.current = made;
    setMap(made);
    // Somebody who moved the map keeps their view; until then it follows its size, also from hidden to shown.
    const byHand = (): void => void (moved.current = true);
    for (const kind of ['pointerdown', 'wheel', 'keydown']) box.current.addEventListener(kind, byHand, { passive: true });
    const observer = new ResizeObserver(() => {
      made.invalidateSize({ animate: false });
      if (!moved.current && extent.current) show(made, extent.current);
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.remove();
      live.current = null;
      extent.current = null;
      moved.current = false;
      setMap(null);
    };
  }, []);

  const fit = useCallback((bounds: L.LatLngBounds, again = false): void => {
    if (!live.current || !bounds.isValid() || (!again && extent.current?.equals(bounds) === true)) return;
    extent.current = bounds;
    if (again) moved.current = false;
    show(live.current, bounds);
  }, []);
  return { box, map, fit };
}

function show(map: L.Map, bounds: L.LatLngBounds): void {
  if (map.getSize().x > 0) map.fitBounds(bounds.pad(0.12), { animate: false, maxZoom: 20 });
}

/** Text in an icon or a tooltip: names come from files and people. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export function signIcon(className: string, shape: string, sizePx: number): L.DivIcon {
  const half = sizePx / 2;
  return L.divIcon({ className, iconSize: [sizePx, sizePx], html: `<svg viewBox="${-half} ${-half} ${sizePx} ${sizePx}" width="${sizePx}" height="${sizePx}">${shape}</svg>` });
}
