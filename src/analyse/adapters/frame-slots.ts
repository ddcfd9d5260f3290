/**
 * Memory that the inference thread sees as well: a frame is copied into it once, and the same pieces are used again and again.
 * A frame's bytes lie there until the next one overwrites them; nothing reads them after the answer.
 */
export interface FrameSlots {
  /** @returns a copy of the bytes in shared memory */
  hold(rgb: Uint8Array): Uint8Array;
  release(held: Uint8Array): void;
}

/** Pieces grow in steps, so that cameras of nearly one size share them. */
const stepBytes = 64 * 1024;

/** @param keep most free pieces that are kept */
export function createFrameSlots(keep: number): FrameSlots {
  let free: SharedArrayBuffer[] = [];
  return {
    hold(rgb) {
      const at = free.findIndex((f) => f.byteLength >= rgb.length);
      const [found] = at >= 0 ? free.splice(at, 1) : [];
      const held = new Uint8Array(found ?? new SharedArrayBuffer(Math.max(1, Math.ceil(rgb.length / stepBytes)) * stepBytes), 0, rgb.length);
      held.set(rgb);
      return held;
    },
    release(held) {
      free.push(held.buffer as unknown as SharedArrayBuffer);
      // The small ones go first: a large one serves every size.
      if (free.length > keep) free = free.sort((a, b) => b.byteLength - a.byteLength).slice(0, keep);
    },
  };
}
