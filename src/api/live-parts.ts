/**
 * The live view on the wire: `multipart/x-mixed-replace`, a part a message. The delimiter follows its part at once: browsers show
 * a part when they have read the delimiter behind it.
 *
 * `parts`: pictures as JPEG, everything else as JSON. `image`: for an <img>, which ends for good at a part that is no picture
 * (Chromium): where there is no picture it gets a grey one, so that no old picture stays on the screen.
 */
import type { LiveMessage, LiveReason } from '../contract/live-view.js';

export type LiveForm = 'parts' | 'image';

export interface LiveParts {
  readonly contentType: string;
  /** before the first part */
  readonly opening: Buffer;
  part(message: LiveMessage): Buffer;
  /** shows that the line works when there is nothing to tell; null: this form has no such part */
  readonly alive: Buffer | null;
  /** the last part and the end */
  closing(reason: LiveReason): Buffer;
}

/** 32 x 18 px, grey */
const grey = Buffer.from(
  '/9j/2wBDAA0NDQ0ODQ4QEA4UFhMWFB4bGRkbHi0gIiAiIC1EKjIqKjIqRDxJOzc7STxsVUtLVWx9aWNpfZeHh5e+tb75+f//2wBDAQ0NDQ0ODQ4QEA4UFhMWFB4bGRkbHi0gIiAiIC1EKjIqKjIqRDxJOzc7STxsVUtLVWx9aWNpfZeHh5e+tb75+f//wgARCAASACADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIQAxAAAACWAAAD/8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQABPwBP/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAgEBPwAf/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAwEBPwAf/9k=',
  'base64',
);

/** @param boundary letters and digits; long and random, so that no picture holds it */
export function livePartsOf(form: LiveForm, boundary: string): LiveParts {
  const delimiter = Buffer.from(`\r\n--${boundary}\r\n`);
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);

  function framed(headers: Record<string, string>, body: Uint8Array, after: Buffer): Buffer {
    const lines = Object.entries({ ...headers, 'Content-Length': String(body.byteLength) }).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([Buffer.from(`${lines.join('')}\r\n`), body, after]);
  }

  const json = (value: object, after: Buffer): Buffer => framed({ 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(value)), after);

  const nothing = (reason: LiveReason, after: Buffer): Buffer =>
    form === 'parts' ? json({ withheld: reason }, after) : framed({ 'Content-Type': 'image/jpeg', 'X-Withheld': reason }, grey, after);

  return {
    contentType: `multipart/x-mixed-replace; boundary=${boundary}`,
    opening: Buffer.from(`--${boundary}\r\n`),
    part(message) {
      if (message.kind === 'withheld') return nothing(message.reason, delimiter);
      const { receivedAt, pictureId, maskRatio } = message.receipt;
      return framed({ 'Content-Type': 'image/jpeg', 'X-Received-At': receivedAt, 'X-Picture-Id': pictureId, 'X-Mask-Ratio': String(maskRatio) }, message.jpeg, delimiter);
    },
    alive: form === 'parts' ? json({ alive: true }, delimiter) : null,
    closing: (reason) => nothing(reason, end),
  };
}
