/** What goes over the event stream, in order, with a sequence number to catch up from. */
import { z } from 'zod';
import { alert } from './alert.js';
import { camera } from './camera.js';
import { id, timestamp } from './page.js';

const head = { seq: z.number().int(), at: timestamp, siteId: id };

export const streamEvent = z.discriminatedUnion('type', [
  z.object({ ...head, type: z.literal('alert.raised'), data: alert }),
  z.object({ ...head, type: z.literal('alert.changed'), data: alert }),
  z.object({
    ...head,
    type: z.literal('camera.state'),
    data: camera.pick({ id: true, siteId: true, state: true, stateReason: true, stateSince: true, pictureStatus: true, pictureReason: true, detector: true }),
  }),
  z.object({ ...head, type: z.literal('camera.registered'), data: z.object({ id }) }),
  z.object({ ...head, type: z.literal('camera.removed'), data: z.object({ id }) }),
  /** the site's map */
  z.object({ ...head, type: z.literal('site.changed'), data: z.object({ id }) }),
  z.object({ ...head, type: z.literal('picture.stored'), data: z.object({ id, cameraId: id, receivedAt: timestamp, maskRatio: z.number() }) }),
  /** the pictures around an alert can be played now */
  z.object({ ...head, type: z.literal('reel.stored'), data: z.object({ id, alertId: id, cameraId: id }) }),
  z.object({ ...head, type: z.literal('input.changed'), data: z.object({ cameraId: id, input: z.string(), active: z.boolean() }) }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
/** An event before it has its place in the order. */
export type NewStreamEvent = StreamEvent extends infer E ? (E extends StreamEvent ? Omit<E, 'seq' | 'at'> : never) : never;
