/** Cuts a byte stream of PPM images (P6, 8 bit) into pictures. Every image says its own size, so nothing is guessed. */

/** A header line that is longer, or a picture that is larger, is not ours. */
const longestHeaderBytes = 64;
const largestPictureBytes = 64 * 1024 * 1024;

export interface PpmPicture {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8Array;
}

export interface PpmReader {
  /** @returns the pictures that are complete with this chunk, or `bad` when the stream is not PPM */
  push(chunk: Buffer): readonly PpmPicture[] | 'bad';
}

export function createPpmReader(): PpmReader {
  let header = Buffer.alloc(0);
  let current: { widthPx: number; heightPx: number; rgb: Buffer; filled: number } | undefined;
  return {
    push(chunk) {
      const done: PpmPicture[] = [];
      let at = 0;
      while (at < chunk.length) {
        if (!current) {
          header = Buffer.concat([header, chunk.subarray(at, at + longestHeaderBytes)]);
          const found = /^P6\s(\d{1,5})\s(\d{1,5})\s255\s/.exec(header.toString('latin1'));
          if (!found) {
            if (header.length >= longestHeaderBytes) return 'bad';
            at = Math.min(chunk.length, at + longestHeaderBytes);
            continue;
          }
          const [widthPx, heightPx] = [Number(found[1]), Number(found[2])];
          const bytes = widthPx * heightPx * 3;
          if (bytes === 0 || bytes > largestPictureBytes) return 'bad';
          // Some of what is in `header` came with earlier chunks; the picture goes on in this one after the rest of the header.
          const before = header.length - Math.min(longestHeaderBytes, chunk.length - at);
          at += found[0].length - before;
          header = Buffer.alloc(0);
          current = { widthPx, heightPx, rgb: Buffer.allocUnsafeSlow(bytes), filled: 0 };
        }
        const copied = chunk.copy(current.rgb, current.filled, at);
        current.filled += copied;
        at += copied;
        if (current.filled === current.rgb.length) {
          done.push({ widthPx: current.widthPx, heightPx: current.heightPx, rgb: current.rgb });
          current = undefined;
        }
      }
      return done;
    },
  };
}
