/** How each kind of map feature looks: a sign and a hatch, so that colour is never the only difference. */
import type { FeatureKind } from '../../contract/site-map.js';

/** SVG paths around (0, 0), 16 by 16. */
export const featureSigns: Record<FeatureKind, string> = {
  boundary: 'M-6-5H6V5H-6Z',
  entrance: 'M-6-5V5M6-5V5M-3.5 0H3.5M1-2.5L3.5 0L1 2.5',
  place: 'M0-6L6 0L0 6L-6 0Z',
  dwelling: 'M-6.5 0L0-6L6.5 0M-4.5-1.5V5.5H4.5V-1.5',
  prohibited: 'M-5.5 0A5.5 5.5 0 1 1 5.5 0A5.5 5.5 0 1 1-5.5 0M-3.8-3.8L3.8 3.8',
  occluder: 'M-6-4.5H6V4.5H-6ZM-6 0H6M0-4.5V0M-3 0V4.5M3 0V4.5',
};

/** The `fill` of an area of that kind; the patterns are in `Hatches`. */
export const featureFill = (kind: FeatureKind): string => `url(#hatch-${kind})`;

export const mapLayers = ['cameras', 'boundary', 'entrance', 'place', 'dwelling', 'prohibited', 'occluder'] as const;
export type MapLayer = (typeof mapLayers)[number];
