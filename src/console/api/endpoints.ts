/** One function a call of the API, typed by the contract. */
import type { Alert, Channel, Delivery, Rule, Schedule } from '../../contract/alert.js';
import type { Camera, Rung } from '../../contract/camera.js';
import type { Page } from '../../contract/page.js';
import type { PictureRow } from '../../contract/picture.js';
import type { Grant } from '../../contract/principal.js';
import type { ReelRow } from '../../contract/reel.js';
import type { SiteFeature, SiteMapReport } from '../../contract/site-map.js';
import type { Place, Site } from '../../contract/site.js';
import type { Zone } from '../../contract/zone.js';
import { call, listAll, pathWith, request } from './client.js';
import type { Draft } from './draft.js';

export interface Me {
  readonly name: string;
  readonly grants: readonly Grant[];
}

type ResolveReason = NonNullable<Alert['resolveReason']>;

export const api = {
  me: (signal?: AbortSignal) => call<Me>('/session/me', { signal }),
  logIn: (name: string, password: string) => call<Me>('/session', { method: 'POST', json: { name, password } }),
  redeemLink: (secret: string) => call<Me>('/session/link', { method: 'POST', json: { secret } }),
  logOut: () => call<undefined>('/session', { method: 'DELETE' }),

  sites: (signal?: AbortSignal) => listAll<Site>('/sites', {}, signal),
  createSite: (draft: Draft) => call<Site>('/sites', { method: 'POST', json: draft }),
  features: async (siteId: string, signal?: AbortSignal) => (await call<{ items: SiteFeature[] }>(`/sites/${siteId}/features`, { signal })).items,
  importMap: (siteId: string, file: Blob, options: { dryRun: boolean; skipBad: boolean; replace: boolean }) =>
    call<SiteMapReport>(`/sites/${siteId}/map`, { method: 'POST', query: { ...options }, raw: { type: 'application/geo+json', body: file } }),
  places: (signal?: AbortSignal) => listAll<Place>('/places', {}, signal),
  createPlace: (draft: Draft) => call<Place>('/places', { method: 'POST', json: draft }),

  cameras: (signal?: AbortSignal) => listAll<Camera>('/cameras', {}, signal),
  camera: (id: string, signal?: AbortSignal) => call<Camera>(`/cameras/${id}`, { signal }),
  createCamera: (draft: Draft) => call<Camera>('/cameras', { method: 'POST', json: draft }),
  updateCamera: (id: string, draft: Draft) => call<Camera>(`/cameras/${id}`, { method: 'PATCH', json: draft }),
  removeCamera: (id: string) => call<undefined>(`/cameras/${id}`, { method: 'DELETE' }),
  probe: (id: string) => call<{ rungs: Rung[] }>(`/cameras/${id}/probe`, { method: 'POST' }),
  confirmView: (id: string) => call<Camera>(`/cameras/${id}/confirm-view`, { method: 'POST' }),

  newestPicture: async (cameraId: string, signal: AbortSignal): Promise<Blob> => (await request(`/cameras/${cameraId}/pictures/newest`, { signal })).blob(),
  pictures: (cameraId: string, limit: number, signal?: AbortSignal) => call<Page<PictureRow>>('/pictures', { query: { cameraId, limit }, signal }),
  picture: (id: string, signal?: AbortSignal) => call<PictureRow>(`/pictures/${id}`, { signal }),
  pictureUrl: (id: string) => pathWith(`/pictures/${id}/image`),

  reel: (alertId: string, signal?: AbortSignal) => call<ReelRow>(`/alerts/${alertId}/reel`, { signal }),
  reelUrl: (id: string) => pathWith(`/reels/${id}/file`),
  /** The live masked view: an answer without an end. */
  live: (cameraId: string, signal: AbortSignal) => request(`/cameras/${cameraId}/live`, { accept: 'multipart/x-mixed-replace', signal }),

  zones: (cameraId?: string, signal?: AbortSignal) => listAll<Zone>('/zones', { cameraId }, signal),
  createZone: (draft: Draft) => call<Zone>('/zones', { method: 'POST', json: draft }),
  updateZone: (id: string, draft: Draft) => call<Zone>(`/zones/${id}`, { method: 'PATCH', json: draft }),
  removeZone: (id: string) => call<undefined>(`/zones/${id}`, { method: 'DELETE' }),

  schedules: (signal?: AbortSignal) => listAll<Schedule>('/schedules', {}, signal),
  createSchedule: (draft: Draft) => call<Schedule>('/schedules', { method: 'POST', json: draft }),
  rules: (signal?: AbortSignal) => listAll<Rule>('/rules', {}, signal),
  createRule: (draft: Draft) => call<Rule>('/rules', { method: 'POST', json: draft }),
  removeRule: (id: string) => call<undefined>(`/rules/${id}`, { method: 'DELETE' }),

  alerts: (cursor: string | null, signal?: AbortSignal) => call<Page<Alert>>('/alerts', { query: { limit: 100, cursor }, signal }),
  alert: (id: string, signal?: AbortSignal) => call<Alert>(`/alerts/${id}`, { signal }),
  acknowledge: (id: string, body: { note?: string; version: number }) => call<Alert>(`/alerts/${id}/acknowledge`, { method: 'POST', json: body }),
  assign: (id: string, body: { assignee: string; note?: string; version: number }) => call<Alert>(`/alerts/${id}/assign`, { method: 'POST', json: body }),
  resolve: (id: string, body: { reason: ResolveReason; note?: string; version: number }) => call<Alert>(`/alerts/${id}/resolve`, { method: 'POST', json: body }),

  channels: (signal?: AbortSignal) => listAll<Channel>('/channels', {}, signal),
  createChannel: (draft: Draft) => call<Channel>('/channels', { method: 'POST', json: draft }),
  removeChannel: (id: string) => call<undefined>(`/channels/${id}`, { method: 'DELETE' }),
  deliveries: (state: Delivery['state'] | null, signal?: AbortSignal) => call<Page<Delivery>>('/deliveries', { query: { state, limit: 100 }, signal }),
  replay: (id: string) => call<Delivery>(`/deliveries/${id}/replay`, { method: 'POST' }),
};
