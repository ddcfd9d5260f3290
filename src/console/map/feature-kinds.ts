/** The contract's kinds of map features, as values: the page takes types from there alone. */
import type { FeatureKind } from '../../contract/site-map.js';

export const featureKinds: readonly FeatureKind[] = ['boundary', 'entrance', 'place', 'dwelling', 'prohibited', 'occluder'];
