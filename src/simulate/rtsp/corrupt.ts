/** Flips bits in slices, as a bad line or a failing encoder does. Parameter sets stay whole: the stream opens. */
import { nalType } from '../content/clip.js';
import type { Random } from '../random.js';

/** @returns copies; what is shared with other cameras is not touched */
export function flipBits(nals: readonly Uint8Array[], flipsPerKib: number, random: Random): Uint8Array[] {
  return nals.map((nal) => {
    const type = nalType(nal);
    if (type !== 1 && type !== 5) return nal;
    const copy = Uint8Array.from(nal);
    const flips = Math.max(1, Math.round((nal.length / 1024) * flipsPerKib));
    for (let i = 0; i < flips && copy.length > 2; i++) {
      const at = random.integer(1, copy.length - 1);
      copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(0, 7));
    }
    return copy;
  });
}
