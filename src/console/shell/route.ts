/** The addresses of the page, all behind the `#`: the server has one document. */
import { useSyncExternalStore } from 'react';

export const setupTabs = ['find', 'cameras', 'import', 'onboard', 'credentials', 'sites', 'places', 'schedules', 'rules', 'channels', 'deliveries'] as const;
export type SetupTab = (typeof setupTabs)[number];

export type Route =
  | { readonly page: 'village'; readonly alertId: string | null }
  | { readonly page: 'map' }
  | { readonly page: 'camera'; readonly cameraId: string; readonly placing?: boolean }
  | { readonly page: 'setup'; readonly tab: SetupTab }
  | { readonly page: 'print'; readonly siteId: string; readonly cameraId?: string };

/** What is not known leads home. */
export function parseRoute(hash: string): Route {
  const [first, second, third] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'cameras' && second) return third === 'place' ? { page: 'camera', cameraId: second, placing: true } : { page: 'camera', cameraId: second };
  if (first === 'map') return { page: 'map' };
  if (first === 'alerts') return { page: 'village', alertId: second ?? null };
  if (first === 'setup') return { page: 'setup', tab: setupTabs.find((t) => t === second) ?? 'cameras' };
  if (first === 'print' && second) return { page: 'print', siteId: second, ...(third && { cameraId: third }) };
  return { page: 'village', alertId: null };
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'village':
      return route.alertId ? `#/alerts/${route.alertId}` : '#/';
    case 'camera':
      return `#/cameras/${route.cameraId}${route.placing === true ? '/place' : ''}`;
    case 'map':
      return '#/map';
    case 'setup':
      return `#/setup/${route.tab}`;
    case 'print':
      return `#/print/${route.siteId}${route.cameraId ? `/${route.cameraId}` : ''}`;
    default:
      return route satisfies never;
  }
}

export function goTo(route: Route): void {
  location.hash = hrefOf(route);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(
    (changed) => {
      addEventListener('hashchange', changed);
      return () => removeEventListener('hashchange', changed);
    },
    () => location.hash,
  );
  return parseRoute(hash);
}
