/** What a receiver is told of an alert: place, time, counts, picture by its id. Never an identity, never image bytes. */
import type { Alert } from '../contract/alert.js';

export interface DeliveryNames {
  readonly siteName: string;
  readonly placeKind: string | null;
  readonly inputName: string | null;
}

/** The JSON of one delivery. It is written into the outbox once: every try sends, and signs, these same bytes. */
export function deliveryBody(alert: Alert, names: DeliveryNames, idempotencyKey: string, baseUrl: string): string {
  return JSON.stringify({
    type: 'alert.raised',
    idempotencyKey,
    alert: {
      id: alert.id,
      site: { id: alert.siteId, name: names.siteName },
      camera: { id: alert.cameraId, name: alert.cameraName },
      zone: alert.zoneId === null ? null : { id: alert.zoneId, name: alert.zoneName },
      place: alert.placeName === null ? null : { name: alert.placeName, kind: names.placeKind },
      input: names.inputName,
      kind: alert.kind,
      counts: alert.counts,
      raisedAt: alert.raisedAt,
      pictureId: alert.pictureId,
      noPictureReason: alert.noPictureReason,
      url: `${baseUrl}/api/v1/alerts/${alert.id}`,
    },
  });
}
