/** What the signs mean; each layer can be switched off. The choice is kept in the browser. */
import { useState } from 'react';
import { recall, remember } from '../shell/browser-store.js';
import { Icon } from '../shell/icons.js';
import { useText } from '../text/i18n.js';
import { featureFill, featureSigns, mapLayers, type MapLayer } from './feature-signs.js';

export function useHiddenLayers(): [hidden: ReadonlySet<MapLayer>, flip: (layer: MapLayer) => void] {
  const [hidden, setHidden] = useState<ReadonlySet<MapLayer>>(() => new Set(mapLayers.filter((l) => recall('map-hidden')?.split(' ').includes(l))));
  const flip = (layer: MapLayer): void => {
    const next = new Set(hidden);
    if (!next.delete(layer)) next.add(layer);
    remember('map-hidden', [...next].join(' '));
    setHidden(next);
  };
  return [hidden, flip];
}

interface LegendProps {
  hidden: ReadonlySet<MapLayer>;
  onFlip: (layer: MapLayer) => void;
  /** how many there are of each; a layer without any is said to be empty */
  counts: Partial<Record<MapLayer, number>>;
}

export function MapLegend({ hidden, onFlip, counts }: LegendProps) {
  const { t } = useText();
  return (
    <ul className="legend" data-testid="map-legend">
      {mapLayers.map((layer) => (
        <li key={layer}>
          <label className={counts[layer] ? '' : 'none'}>
            <input type="checkbox" checked={!hidden.has(layer)} onChange={() => onFlip(layer)} data-testid={`layer-${layer}`} />
            {layer === 'cameras' ? <Icon name="camera" size={18} /> : <LegendSign kind={layer} />}
            <span className="grow">{layer === 'cameras' ? t('village.cameras') : t(`feature.${layer}`)}</span>
            <span className="num muted">{counts[layer] ?? 0}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}

export function LegendSign({ kind }: { kind: Exclude<MapLayer, 'cameras'> }) {
  return (
    <svg className={`legend-sign feature-${kind}`} viewBox="-11 -9 22 18" width="26" height="21" aria-hidden="true">
      <rect className={`feature feature-${kind}`} x="-10" y="-8" width="20" height="16" rx="2" fill={featureFill(kind)} />
      {kind !== 'boundary' && <circle className="ground" r="7.5" />}
      {kind !== 'boundary' && <path d={featureSigns[kind]} transform="scale(.82)" />}
    </svg>
  );
}
