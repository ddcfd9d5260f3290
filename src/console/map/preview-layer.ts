/** A GeoJSON file on the map before it is imported: what is good, what is at fault, and the vertex in question. */
import L from 'leaflet';
import { linesOf, type LngLat } from './geojson-vertex.js';

export interface Preview {
  /** the parsed file */
  readonly file: unknown;
  /** 0-based features of it that are drawn, and which of them are at fault */
  readonly features: readonly { readonly index: number; readonly bad: boolean }[];
  /** spots of problems; the chosen one is flown to */
  readonly spots: readonly LngLat[];
  readonly chosen: LngLat | null;
}

/** @returns takes it off the map again */
export function drawPreview(map: L.Map, preview: Preview): () => void {
  const group = L.layerGroup().addTo(map);
  const toLatLng = ([lng, lat]: LngLat): L.LatLng => L.latLng(lat, lng);
  const bounds = L.latLngBounds([]);
  for (const { index, bad } of preview.features) {
    const className = `preview ${bad ? 'preview-bad' : ''}`;
    for (const { closed, positions } of linesOf(preview.file, index)) {
      const points = positions.map(toLatLng);
      for (const point of points) bounds.extend(point);
      const [only] = points;
      if (points.length === 1 && only) L.circleMarker(only, { radius: 6, className, pane: 'preview', interactive: false }).addTo(group);
      else (closed ? L.polygon(points, { className, pane: 'preview', interactive: false }) : L.polyline(points, { className, pane: 'preview', interactive: false })).addTo(group);
    }
  }
  for (const spot of preview.spots) L.circleMarker(toLatLng(spot), { radius: 7, className: 'preview-spot', pane: 'preview', interactive: false }).addTo(group);
  if (preview.chosen) {
    L.circleMarker(toLatLng(preview.chosen), { radius: 13, className: 'preview-chosen', pane: 'preview', interactive: false }).addTo(group);
    map.setView(toLatLng(preview.chosen), Math.max(map.getZoom(), 18), { animate: false });
  } else if (bounds.isValid()) map.fitBounds(bounds.pad(0.15), { animate: false, maxZoom: 20 });
  return () => void group.remove();
}
