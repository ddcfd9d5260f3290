/** What the page reads, each list once: components share it, the event stream keeps it fresh. */
import { QueryClient, useInfiniteQuery, useQuery, type InfiniteData } from '@tanstack/react-query';
import type { Alert, Delivery } from '../../contract/alert.js';
import type { Page } from '../../contract/page.js';
import { mergeAlertPage, mergeCameras } from '../live/apply-event.js';
import { api } from './endpoints.js';
import { Problem } from './problem.js';

export const keys = {
  me: ['me'],
  sites: ['sites'],
  places: ['places'],
  features: (siteId: string | null) => ['features', siteId],
  cameras: ['cameras'],
  pictures: (cameraId: string) => ['pictures', cameraId],
  picture: (id: string) => ['picture', id],
  reels: ['reels'],
  reel: (alertId: string) => ['reels', alertId],
  zones: ['zones'],
  schedules: ['schedules'],
  rules: ['rules'],
  alerts: ['alerts'],
  channels: ['channels'],
  deliveries: ['deliveries'],
} as const;

export type AlertPages = InfiniteData<Page<Alert>, string | null>;

/** An answer of the API is final; only a missing one is asked for again. */
export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 2 && (!(error instanceof Problem) || error.status === 0 || error.status >= 500),
      },
    },
  });
}

export const useSites = () => useQuery({ queryKey: keys.sites, queryFn: ({ signal }) => api.sites(signal) });
export const usePlaces = () => useQuery({ queryKey: keys.places, queryFn: ({ signal }) => api.places(signal) });
/** The map of one site; null: of none. */
export const useFeatures = (siteId: string | null) => useQuery({ queryKey: keys.features(siteId), queryFn: ({ signal }) => api.features(siteId ?? '', signal), enabled: siteId !== null });
export const useCameras = () => useQuery({ queryKey: keys.cameras, queryFn: async ({ signal, client }) => mergeCameras(await api.cameras(signal), client.getQueryData(keys.cameras)) });
export const useZones = () => useQuery({ queryKey: keys.zones, queryFn: ({ signal }) => api.zones(undefined, signal) });
export const useSchedules = () => useQuery({ queryKey: keys.schedules, queryFn: ({ signal }) => api.schedules(signal) });
export const useRules = () => useQuery({ queryKey: keys.rules, queryFn: ({ signal }) => api.rules(signal) });
export const useChannels = (enabled: boolean) => useQuery({ queryKey: keys.channels, queryFn: ({ signal }) => api.channels(signal), enabled });
export const usePictures = (cameraId: string, limit: number, enabled: boolean) =>
  useQuery({ queryKey: [...keys.pictures(cameraId), limit], queryFn: ({ signal }) => api.pictures(cameraId, limit, signal), enabled });
/** The receipt of one picture: it never changes. */
export const usePicture = (id: string | null) => useQuery({ queryKey: keys.picture(id ?? ''), queryFn: ({ signal }) => api.picture(id ?? '', signal), enabled: id !== null, staleTime: Infinity });
/** @param askAgainInMs while there is no reel; false: it will not come any more */
export const useReel = (alertId: string, enabled: boolean, askAgainInMs: () => number | false) =>
  useQuery({ queryKey: keys.reel(alertId), queryFn: ({ signal }) => api.reel(alertId, signal), enabled, refetchInterval: (query) => (query.state.data ? false : askAgainInMs()) });
export const useDeliveries = (state: Delivery['state'] | null) =>
  useQuery({ queryKey: [...keys.deliveries, state], queryFn: ({ signal }) => api.deliveries(state, signal), refetchInterval: 5_000 });
/** One alert that may be older than the pages that were read. */
export const useAlert = (id: string | null, enabled: boolean) =>
  useQuery({ queryKey: [...keys.alerts, 'one', id], queryFn: ({ signal }) => api.alert(id ?? '', signal), enabled: enabled && id !== null });
export const useAlertPages = () =>
  useInfiniteQuery({
    queryKey: keys.alerts,
    queryFn: async ({ pageParam, signal, client }) => {
      const fresh = await api.alerts(pageParam, signal);
      const held = client.getQueryData<AlertPages>(keys.alerts)?.pages.flatMap((p) => p.items) ?? [];
      return mergeAlertPage(fresh, held, pageParam === null);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });
