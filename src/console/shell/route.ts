/** The addresses of the page, all behind the `#`: the server has one document. */
import { useSyncExternalStore } from 'react';

export const setupTabs = ['cameras', 'find', 'import', 'sites', 'places', 'schedules', 'rules', 'channels', 'deliveries'] as const;
export type SetupTab = (typeof setupTabs)[number];

export type Route =
  | { readonly page: 'village'; readonly alertId: string | null }
  | { readonly page: 'camera'; readonly cameraId: string }
  | { readonly page: 'setup'; readonly tab: SetupTab };

/** What is not known leads home. */
export function parseRoute(hash: string): Route {
  const [first, second] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'cameras' && second) return { page: 'camera', cameraId: second };
  if (first === 'alerts') return { page: 'village', alertId: second ?? null };
  if (first === 'setup') return { page: 'setup', tab: setupTabs.find((t) => t === second) ?? 'cameras' };
  return { page: 'village', alertId: null };
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'village':
      return route.alertId ? `#/alerts/${route.alertId}` : '#/';
    case 'camera':
      return `#/cameras/${route.cameraId}`;
    case 'setup':
      return `#/setup/${route.tab}`;
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
