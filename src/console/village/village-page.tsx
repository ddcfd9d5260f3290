/** The village at a glance: map and numbers, cameras, alerts. On a narrow screen one of the three at a time. */
import { useEffect, useMemo, useState } from 'react';
import { AlertPane } from '../alerts/alert-pane.js';
import { isOpen } from '../alerts/alert-list.js';
import { useAlertPages, useCameras, useFeatures, usePlaces } from '../api/queries.js';
import type { CameraOnPage } from '../live/apply-event.js';
import { useSession } from '../session/session-context.js';
import { recall, remember } from '../shell/browser-store.js';
import { Icon, type IconName } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { CameraCard } from './camera-card.js';
import { toneOf } from './state-badge.js';
import { VillageMap } from './village-map.js';
import { VillageSummary } from './village-summary.js';

const panes = [
  ['alerts', 'bell'],
  ['cameras', 'camera'],
  ['map', 'map'],
] as const satisfies readonly (readonly [string, IconName])[];

const noCameras: readonly CameraOnPage[] = [];

export function VillagePage({ alertId }: { alertId: string | null }) {
  const { t } = useText();
  const { sites, siteId, can } = useSession();
  const camerasQuery = useCameras();
  const places = usePlaces().data;
  const alertPages = useAlertPages().data;
  const features = useFeatures(siteId ?? (sites.length === 1 ? (sites[0]?.id ?? null) : null)).data;
  const [pane, setPane] = useState<'alerts' | 'cameras' | 'map'>('cameras');
  // An alert opens over its list, also where only one part is shown at a time.
  useEffect(() => {
    if (alertId !== null) setPane('alerts');
  }, [alertId]);
  const [find, setFind] = useState('');
  const [troubled, setTroubled] = useState(false);
  const [layout, setLayout] = useState(() => (recall('layout') === 'list' ? 'list' : 'grid'));

  const cameras = useMemo(() => (camerasQuery.data ?? noCameras).filter((c) => siteId === null || c.siteId === siteId), [camerasQuery.data, siteId]);
  const openByCamera = useMemo(() => {
    const counts = new Map<string, number>();
    for (const alert of alertPages?.pages.flatMap((p) => p.items) ?? []) if (isOpen(alert)) counts.set(alert.cameraId, (counts.get(alert.cameraId) ?? 0) + 1);
    return counts;
  }, [alertPages]);
  const alerting = useMemo(() => new Set(openByCamera.keys()), [openByCamera]);
  const shownSites = useMemo(() => sites.filter((s) => siteId === null || s.id === siteId), [sites, siteId]);
  const shownPlaces = useMemo(() => (places ?? []).filter((p) => siteId === null || p.siteId === siteId), [places, siteId]);
  const wanted = find.trim().toLowerCase();
  const listed = cameras.filter((c) => (!troubled || !['good', 'off'].includes(toneOf(c))) && (wanted === '' || c.name.toLowerCase().includes(wanted) || c.address.includes(wanted)));

  const flipLayout = (): void => {
    const next = layout === 'grid' ? 'list' : 'grid';
    remember('layout', next);
    setLayout(next);
  };

  return (
    <main className="village" data-pane={pane} id="main">
      <nav className="pane-switch" aria-label={t('village.panes')}>
        {panes.map(([name, icon]) => (
          <button key={name} type="button" aria-pressed={pane === name} onClick={() => setPane(name)} data-testid={`pane-${name}`}>
            <Icon name={icon} />
            {t(`village.${name}`)}
            {name === 'alerts' && openByCamera.size > 0 && <span className="count">{[...openByCamera.values()].reduce((a, b) => a + b, 0)}</span>}
          </button>
        ))}
      </nav>

      <aside className="pane pane-map" aria-label={t('village.map')}>
        <VillageMap sites={shownSites} places={shownPlaces} cameras={cameras} alerting={alerting} {...(features && { features })} />
        <a className="map-larger" href={hrefOf({ page: 'map' })}>
          <Icon name="map" size={14} />
          {t('map.larger')}
        </a>
        <VillageSummary cameras={cameras} sites={shownSites} />
      </aside>

      <section className="pane pane-cameras" aria-label={t('village.cameras')}>
        <div className="toolbar">
          <h2>
            {t('village.cameras')} <span className="muted">{cameras.length}</span>
          </h2>
          <label className="find">
            <Icon name="search" size={14} />
            <input type="search" value={find} placeholder={t('village.find')} aria-label={t('village.find')} onChange={(e) => setFind(e.target.value)} />
          </label>
          <button type="button" className="chip" aria-pressed={troubled} onClick={() => setTroubled(!troubled)} data-testid="only-troubled">
            <Icon name="warn" size={14} />
            {t('village.troubled')}
          </button>
          <button type="button" className="bare" onClick={flipLayout} aria-label={layout === 'grid' ? t('village.as-list') : t('village.as-grid')} title={layout === 'grid' ? t('village.as-list') : t('village.as-grid')}>
            <Icon name={layout === 'grid' ? 'list' : 'grid'} />
          </button>
        </div>
        <ProblemBox error={camerasQuery.error} />
        {camerasQuery.isPending && <div className="cards" aria-busy="true">{[0, 1, 2, 3].map((n) => <div key={n} className="card ghost" />)}</div>}
        {camerasQuery.isSuccess && cameras.length === 0 && (
          <div className="empty" data-testid="no-cameras">
            <Icon name="camera" size={28} />
            <strong>{t('village.no-cameras')}</strong>
            <p>{t('village.no-cameras.hint')}</p>
            {can('editCameras') && (
              <a className="button primary" href={hrefOf({ page: 'setup', tab: 'find' })}>
                {t('setup.find')}
              </a>
            )}
          </div>
        )}
        {camerasQuery.isSuccess && cameras.length > 0 && listed.length === 0 && <p className="empty">{t('village.none-match')}</p>}
        <div className={`cards ${layout === 'list' ? 'cards-list' : ''}`}>
          {listed.map((camera) => (
            <CameraCard key={camera.id} camera={camera} openAlerts={openByCamera.get(camera.id) ?? 0} />
          ))}
        </div>
      </section>

      <section className="pane pane-alerts" aria-label={t('village.alerts')}>
        <AlertPane openAlertId={alertId} />
      </section>
    </main>
  );
}
