/** What an event does to the lists on the page. Pure: old list in, new list out, the same list when nothing changes. */
import type { Alert } from '../../contract/alert.js';
import type { Camera } from '../../contract/camera.js';
import type { StreamEvent } from '../../contract/events.js';
import type { Page } from '../../contract/page.js';

/** Newest first; of two that were raised at once the order stays the same. */
export function byNewest(a: Alert, b: Alert): number {
  return b.raisedAt.localeCompare(a.raisedAt) || b.id.localeCompare(a.id);
}

/** Puts an alert where it belongs. What is on the page already and is newer stays. */
export function upsertAlert(alerts: readonly Alert[], incoming: Alert): readonly Alert[] {
  const at = alerts.findIndex((a) => a.id === incoming.id);
  const held = alerts[at];
  if (!held) return [incoming, ...alerts].sort(byNewest);
  if (held.version > incoming.version) return alerts;
  return alerts.map((a, i) => (i === at ? incoming : a)).sort(byNewest);
}

/** The same over pages: an alert stays on its page, a new one comes to the first. */
export function upsertAlertPages<P extends { pages: Page<Alert>[] }>(data: P, incoming: Alert): P {
  const home = Math.max(0, data.pages.findIndex((page) => page.items.some((a) => a.id === incoming.id)));
  return { ...data, pages: data.pages.map((page, i) => (i === home ? { ...page, items: [...upsertAlert(page.items, incoming)] } : page)) };
}

/** Newest picture of a camera as the stream told it; kept beside the camera, which does not say the mask's share. */
export interface CameraOnPage extends Camera {
  readonly newestMaskRatio?: number;
}

export function applyToCameras(cameras: readonly CameraOnPage[], event: StreamEvent): readonly CameraOnPage[] {
  const patch = (id: string, change: (camera: CameraOnPage) => CameraOnPage): readonly CameraOnPage[] =>
    cameras.some((c) => c.id === id) ? cameras.map((c) => (c.id === id ? change(c) : c)) : cameras;
  switch (event.type) {
    case 'camera.state':
      return patch(event.data.id, (c) => ({ ...c, ...event.data }));
    case 'picture.stored': {
      const { cameraId, id, receivedAt, maskRatio } = event.data;
      return patch(cameraId, (c) =>
        c.newestPictureAt !== null && c.newestPictureAt > receivedAt
          ? c
          : { ...c, newestPictureId: id, newestPictureAt: receivedAt, lastFrameAt: receivedAt, newestMaskRatio: maskRatio },
      );
    }
    case 'camera.removed':
      return cameras.some((c) => c.id === event.data.id) ? cameras.filter((c) => c.id !== event.data.id) : cameras;
    case 'camera.registered':
    case 'site.changed':
    case 'alert.raised':
    case 'alert.changed':
    case 'reel.stored':
    case 'input.changed':
      return cameras;
    default:
      event satisfies never;
      return cameras;
  }
}

/**
 * A list that was read while events came in may be older than the page, and does not say what the stream told about
 * masks: what is newer on the page stays.
 */
export function mergeCameras(fresh: readonly Camera[], held: readonly CameraOnPage[] | undefined): CameraOnPage[] {
  const known = new Map((held ?? []).map((c) => [c.id, c]));
  return fresh.map((c) => {
    const old = known.get(c.id);
    if (!old) return c;
    const picture =
      (old.newestPictureAt ?? '') > (c.newestPictureAt ?? '') || (old.newestMaskRatio !== undefined && old.newestPictureId === c.newestPictureId)
        ? { newestPictureId: old.newestPictureId, newestPictureAt: old.newestPictureAt, ...(old.newestMaskRatio !== undefined && { newestMaskRatio: old.newestMaskRatio }) }
        : {};
    const state = (old.stateSince ?? '') > (c.stateSince ?? '') ? { state: old.state, stateSince: old.stateSince, stateReason: old.stateReason } : {};
    return { ...c, ...picture, ...state };
  });
}

/** The same for a page of alerts: newer versions stay, and so does, on the first page, what was raised meanwhile. */
export function mergeAlertPage(fresh: Page<Alert>, held: readonly Alert[], isFirst: boolean): Page<Alert> {
  const known = new Map(held.map((a) => [a.id, a]));
  const items = fresh.items.map((a) => ((known.get(a.id)?.version ?? -1) > a.version ? (known.get(a.id) ?? a) : a));
  const newest = fresh.items.map((a) => a.raisedAt).sort().at(-1) ?? '';
  const meanwhile = isFirst ? held.filter((a) => a.raisedAt > newest && !fresh.items.some((f) => f.id === a.id)) : [];
  return { ...fresh, items: [...meanwhile, ...items].sort(byNewest) };
}
