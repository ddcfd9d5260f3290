/** The map in large: layers, the features of the site by name, cameras that are not placed yet, and the site's file. */
import { useEffect, useMemo, useState } from 'react';
import type { SiteFeature } from '../../contract/site-map.js';
import { isOpen } from '../alerts/alert-list.js';
import { pathWith } from '../api/client.js';
import { useAlertPages, useCameras, useFeatures, usePlaces } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { VillageMap } from '../village/village-map.js';
import { isPlaced } from '../village/view-cone.js';
import { featureKinds } from './feature-kinds.js';
import { MapImport } from './map-import.js';
import { LegendSign, MapLegend, useHiddenLayers } from './map-legend.js';
import type { Preview } from './preview-layer.js';

const noFeatures: readonly SiteFeature[] = [];

export function MapPage() {
  const { t } = useText();
  const { sites, siteId, can } = useSession();
  const home = siteId ?? (sites.length === 1 ? (sites[0]?.id ?? null) : null);
  const query = useFeatures(home);
  const allCameras = useCameras().data;
  const allPlaces = usePlaces().data;
  const alertPages = useAlertPages().data;
  const [hidden, flip] = useHiddenLayers();
  const [hot, setHot] = useState<string | null>(null);
  const [preview, setPreview] = useState<Preview | null>(null);
  useEffect(() => setPreview(null), [home]);

  const features = query.data ?? noFeatures;
  const cameras = useMemo(() => (allCameras ?? []).filter((c) => siteId === null || c.siteId === siteId), [allCameras, siteId]);
  const places = useMemo(() => (allPlaces ?? []).filter((p) => siteId === null || p.siteId === siteId), [allPlaces, siteId]);
  const shownSites = useMemo(() => sites.filter((s) => siteId === null || s.id === siteId), [sites, siteId]);
  const alerting = useMemo(() => new Set((alertPages?.pages ?? []).flatMap((p) => p.items).filter(isOpen).map((a) => a.cameraId)), [alertPages]);
  const unplaced = cameras.filter((c) => !isPlaced(c));
  const drawn = new Set(features.map((f) => f.placeId));
  const counts = {
    cameras: cameras.length - unplaced.length,
    ...Object.fromEntries(featureKinds.map((k) => [k, features.filter((f) => f.kind === k).length])),
    boundary: Math.max(features.filter((f) => f.kind === 'boundary').length, shownSites.filter((s) => s.boundary.length > 2).length),
    place: features.filter((f) => f.kind === 'place').length + places.filter((p) => p.position && !drawn.has(p.id)).length,
  };

  return (
    <main className="map-page" id="main" data-testid="map-page">
      <VillageMap sites={shownSites} places={places} cameras={cameras} alerting={alerting} features={features} hidden={hidden} hot={hot} preview={preview} />
      <div className="map-side">
        <ProblemBox error={query.error} />
        <section className="panel">
          <h2>{t('map.layers')}</h2>
          <MapLegend hidden={hidden} onFlip={flip} counts={counts} />
          {home === null && <p className="hint">{t('map.choose-site')}</p>}
        </section>
        {unplaced.length > 0 && (
          <section className="panel" data-testid="unplaced">
            <h2>
              {t('map.to-place')} <span className="muted">{unplaced.length}</span>
            </h2>
            <ul className="rows">
              {unplaced.slice(0, 50).map((camera) => (
                <li key={camera.id}>
                  <span className="grow">{camera.name}</span>
                  {can('editCameras', camera.siteId) && (
                    <a className="button small" href={hrefOf({ page: 'camera', cameraId: camera.id, placing: true })}>
                      <Icon name="place" size={14} />
                      {t('place.open')}
                    </a>
                  )}
                </li>
              ))}
            </ul>
          </section>
        )}
        {home !== null && can('editCameras', home) && <MapImport key={home} siteId={home} onPreview={setPreview} />}
        {home !== null && (
          <section className="panel">
            <div className="toolbar">
              <h2 className="grow">{t('map.features')}</h2>
              {features.length > 0 && (
                <a className="button small" href={pathWith(`/sites/${home}/map`)} download="site-map.geojson" data-testid="map-export">
                  <Icon name="link" size={14} />
                  {t('map.export')}
                </a>
              )}
            </div>
            {query.isSuccess && features.length === 0 && <p className="muted">{t('map.features.none')}</p>}
            <ul className="feature-list" data-testid="feature-list">
              {features.slice(0, 500).map((feature) => (
                <li key={feature.id}>
                  <button type="button" className="bare" onMouseEnter={() => setHot(feature.id)} onMouseLeave={() => setHot(null)} onFocus={() => setHot(feature.id)} onBlur={() => setHot(null)}>
                    <LegendSign kind={feature.kind} />
                    <span className="grow">{feature.name}</span>
                    {feature.heightM !== null && <span className="muted num">{t('feature.height', { metres: feature.heightM })}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </main>
  );
}
