/** The site's map features, each kind with its own hatch, line and sign; the name on hover and on focus. */
import L from 'leaflet';
import type { FeatureKind, SiteFeature } from '../../contract/site-map.js';
import { featureFill, featureSigns } from './feature-signs.js';
import { escapeHtml, signIcon } from './use-leaflet-map.js';

/** More than so many are not stops of the Tab key: the list beside the map has them all. */
const mostTabStops = 40;
/** Large areas first, so that what lies on them can be pointed at. */
const order: readonly FeatureKind[] = ['boundary', 'prohibited', 'dwelling', 'place', 'occluder', 'entrance'];

export interface FeatureLayer {
  show(features: readonly SiteFeature[], labelOf: (feature: SiteFeature) => string): void;
  /** the one that is pointed at elsewhere on the page */
  light(id: string | null): void;
  boundsOf(id: string): L.LatLngBounds | null;
  remove(): void;
}

export function createFeatureLayer(map: L.Map): FeatureLayer {
  const held = new Map<string, (L.Path | L.Marker)[]>();
  let shown: readonly unknown[] = [];
  const clear = (): void => {
    for (const layers of held.values()) for (const layer of layers) layer.remove();
    held.clear();
  };

  function draw(feature: SiteFeature, label: string, focusable: boolean): (L.Path | L.Marker)[] {
    const { kind, geometry } = feature;
    const className = `feature feature-${kind}`;
    const interactive = kind !== 'boundary';
    const sign = (at: L.LatLng, alone: boolean): L.Marker => L.marker(at, { icon: signIcon(`feature-sign feature-${kind}`, `<circle class="ground" r="9"/><path d="${featureSigns[kind]}"/>`, 20), interactive: alone, keyboard: false, zIndexOffset: -500 });
    const layers: (L.Path | L.Marker)[] = [];
    if (geometry.type === 'Point') layers.push(sign(L.latLng(geometry.coordinates[1], geometry.coordinates[0]), true).addTo(map));
    else if (geometry.type === 'LineString') {
      const line = L.polyline(geometry.coordinates.map(toLatLng), { className, pane: 'features', interactive, smoothFactor: 0 }).addTo(map);
      layers.push(line, ...(kind === 'entrance' ? [sign(line.getBounds().getCenter(), false).addTo(map)] : []));
    } else {
      const area = L.polygon(geometry.coordinates.map((ring) => ring.slice(0, -1).map(toLatLng)), { className, pane: 'features', interactive, fillColor: featureFill(kind), fillOpacity: 1, smoothFactor: 0 }).addTo(map);
      layers.push(area, ...(kind === 'boundary' || kind === 'occluder' ? [] : [sign(area.getBounds().getCenter(), false).addTo(map)]));
    }
    const [main] = layers;
    if (!main || !interactive) return layers;
    main.bindTooltip(escapeHtml(label), { sticky: geometry.type !== 'Point', direction: 'top', offset: [0, -6] });
    const element = main.getElement();
    element?.setAttribute('role', 'img');
    element?.setAttribute('aria-label', label);
    if (focusable) element?.setAttribute('tabindex', '0');
    element?.addEventListener('focus', () => main.openTooltip());
    element?.addEventListener('blur', () => main.closeTooltip());
    return layers;
  }

  return {
    show(features, labelOf) {
      const next = features.flatMap((f) => [f, labelOf(f)]);
      if (next.length === shown.length && next.every((v, i) => v === shown[i])) return;
      shown = next;
      clear();
      const sorted = [...features].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
      for (const feature of sorted) held.set(feature.id, draw(feature, labelOf(feature), features.length <= mostTabStops));
    },
    light(id) {
      for (const [key, layers] of held) for (const layer of layers) layer.getElement()?.classList.toggle('hot', key === id);
    },
    boundsOf(id) {
      const [main] = held.get(id) ?? [];
      if (!main) return null;
      return main instanceof L.Polyline ? main.getBounds() : main instanceof L.Marker ? L.latLngBounds([main.getLatLng()]) : null;
    },
    remove: clear,
  };
}

export function toLatLng([lng, lat]: readonly [number, number]): L.LatLng {
  return L.latLng(lat, lng);
}

/** Every corner of a feature, for the extent of the map. */
export function cornersOf({ geometry }: SiteFeature): L.LatLng[] {
  switch (geometry.type) {
    case 'Point':
      return [toLatLng(geometry.coordinates)];
    case 'LineString':
      return geometry.coordinates.map(toLatLng);
    case 'Polygon':
      return (geometry.coordinates[0] ?? []).map(toLatLng);
    default:
      return geometry satisfies never;
  }
}
