/**
 * Turns live pictures into something that can be drawn, the newest only: while one is decoded, those that come wait in one place
 * and replace each other. At most two decoded pictures exist at a time, and each is given back.
 */
import type { LiveMessage } from './multipart-pictures.js';

export type LivePicture = Extract<LiveMessage, { kind: 'picture' }>;

interface Closable {
  close(): void;
}

export interface PainterPorts<Bitmap extends Closable> {
  decode(picture: LivePicture): Promise<Bitmap>;
  /** Draws it at once; the bitmap is closed afterwards. */
  draw(bitmap: Bitmap, picture: LivePicture): void;
}

export interface Painter {
  offer(picture: LivePicture): void;
  /** Whatever is being decoded or waits is not drawn any more. */
  clear(): void;
}

export function createPainter<Bitmap extends Closable>(ports: PainterPorts<Bitmap>): Painter {
  let waiting: LivePicture | null = null;
  let busy = false;
  let epoch = 0;

  const run = async (first: LivePicture): Promise<void> => {
    busy = true;
    for (let picture: LivePicture | null = first; picture; picture = waiting, waiting = null) {
      const begun = epoch;
      try {
        const bitmap = await ports.decode(picture);
        try {
          if (begun === epoch) ports.draw(bitmap, picture);
        } finally {
          bitmap.close();
        }
      } catch {
        // One that cannot be decoded is as good as none: the picture before it grows old, and says so.
      }
    }
    busy = false;
  };

  return {
    offer: (picture) => {
      if (busy) waiting = picture;
      else void run(picture);
    },
    clear: () => {
      epoch += 1;
      waiting = null;
    },
  };
}
