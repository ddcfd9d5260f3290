/** How long to wait before a camera's newest picture is read again. */

/** A camera's picture is read at most this often, however fast pictures come. */
export const pictureEveryMs = 2_000;

/** @param readAtMs when it was last read, or null @returns 0 when it may be read at once */
export function waitBeforeReading(readAtMs: number | null, nowMs: number): number {
  return readAtMs === null ? 0 : Math.max(0, readAtMs + pictureEveryMs - nowMs);
}
