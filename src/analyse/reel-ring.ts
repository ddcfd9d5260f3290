/**
 * The newest sealed pictures of each camera, in memory, and why there are none where there are none. What is older than
 * a reel needs is let go; over the limit of memory, the oldest pictures of all cameras go first. Holds nothing but
 * masked JPEGs.
 */
import type { MaskedPicture } from '../contract/picture.js';

export interface RingPicture {
  /** when its frame came, epoch ms */
  readonly atMs: number;
  readonly picture: MaskedPicture;
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

export interface ReelRing {
  /** Whether a picture that came now would be within the rate. */
  due(cameraId: string, atMs: number): boolean;
  /** Takes a picture when the rate allows it. @returns how many pictures had to go for it, for want of memory */
  add(cameraId: string, entry: RingPicture): number;
  /** There is no picture of this moment, and why. */
  without(cameraId: string, atMs: number, reason: string): void;
  /** When the newest picture came; -Infinity without one. */
  newestMs(cameraId: string): number;
  /** In order, both ends included. */
  between(cameraId: string, fromMs: number, toMs: number): readonly RingPicture[];
  /** The reason for which most moments in between have no picture; undefined when nothing is known of them. */
  reasonBetween(cameraId: string, fromMs: number, toMs: number): string | undefined;
  /** Lets go of what is older. */
  trim(cameraId: string, beforeMs: number): void;
  forget(cameraId: string): void;
  /** what the pictures take, bytes */
  bytes(): number;
}

interface Span extends Gap {
  toMs: number;
  moments: number;
}

interface Held {
  pictures: RingPicture[];
  spans: Span[];
  /** when the next picture is due, epoch ms */
  nextMs: number;
}

/** A picture may come so much earlier than its turn, as a share of the interval: frames do not come by the clock. */
const earlyRatio = 0.1;
/** Clocks are set: a picture that is older than the newest one by more than this begins anew, ms. */
const backMs = 2_000;
/** Reasons of one kind count as one stretch while they come at least so often, ms. */
const spanJoinMs = 15_000;

export function createReelRing({ intervalMs, maxBytes }: { intervalMs: number; maxBytes: number }): ReelRing {
  const cameras = new Map<string, Held>();
  let bytes = 0;

  function held(cameraId: string): Held {
    const known = cameras.get(cameraId) ?? { pictures: [], spans: [], nextMs: -Infinity };
    cameras.set(cameraId, known);
    return known;
  }

  function drop(from: Held, count: number): void {
    for (const gone of from.pictures.splice(0, count)) bytes -= gone.picture.jpeg.byteLength;
  }

  function due(of: Held | undefined, atMs: number): boolean {
    return !of || atMs >= of.nextMs - earlyRatio * intervalMs || atMs < of.nextMs - intervalMs - backMs;
  }

  function note(of: Held, atMs: number, reason: string): void {
    const last = of.spans.at(-1);
    if (last && last.reason === reason && atMs >= last.toMs && atMs - last.toMs < spanJoinMs) Object.assign(last, { toMs: atMs, moments: last.moments + 1 });
    else of.spans.push({ fromMs: atMs, toMs: atMs, reason, moments: 1 });
  }

  /** The oldest of all cameras; the cameras are looked through, which is only done over the limit. */
  function dropOldest(): boolean {
    let oldest: Held | undefined;
    for (const one of cameras.values()) if (one.pictures[0] && one.pictures[0].atMs < (oldest?.pictures[0]?.atMs ?? Infinity)) oldest = one;
    if (!oldest?.pictures[0]) return false;
    note(oldest, oldest.pictures[0].atMs, 'memory');
    drop(oldest, 1);
    return true;
  }

  return {
    due: (cameraId, atMs) => due(cameras.get(cameraId), atMs),
    add(cameraId, entry) {
      const of = held(cameraId);
      const newestMs = of.pictures.at(-1)?.atMs ?? -Infinity;
      if (entry.atMs < newestMs - backMs) drop(of, of.pictures.length);
      else if (entry.atMs <= newestMs || !due(of, entry.atMs)) return 0;
      // A turn that was used early is not given twice: over time the rate holds exactly.
      of.nextMs = Math.max(entry.atMs, Math.min(of.nextMs, entry.atMs + earlyRatio * intervalMs)) + intervalMs;
      of.pictures.push(entry);
      bytes += entry.picture.jpeg.byteLength;
      let dropped = 0;
      while (bytes > maxBytes && dropOldest()) dropped++;
      return dropped;
    },
    without: (cameraId, atMs, reason) => note(held(cameraId), atMs, reason),
    newestMs: (cameraId) => cameras.get(cameraId)?.pictures.at(-1)?.atMs ?? -Infinity,
    between: (cameraId, fromMs, toMs) => cameras.get(cameraId)?.pictures.filter((p) => p.atMs >= fromMs && p.atMs <= toMs) ?? [],
    reasonBetween(cameraId, fromMs, toMs) {
      const moments = new Map<string, number>();
      for (const span of cameras.get(cameraId)?.spans ?? []) {
        if (span.toMs >= fromMs && span.fromMs <= toMs) moments.set(span.reason, (moments.get(span.reason) ?? 0) + span.moments);
      }
      // What was taken away weighs more than that nothing stirred.
      const telling = [...moments].sort((a, b) => Number(a[0] === 'quiet') - Number(b[0] === 'quiet') || b[1] - a[1]);
      return telling[0]?.[0];
    },
    trim(cameraId, beforeMs) {
      const of = cameras.get(cameraId);
      if (!of) return;
      const from = of.pictures.findIndex((p) => p.atMs >= beforeMs);
      drop(of, from < 0 ? of.pictures.length : from);
      while ((of.spans[0]?.toMs ?? Infinity) < beforeMs) of.spans.shift();
    },
    forget(cameraId) {
      const of = cameras.get(cameraId);
      if (of) drop(of, of.pictures.length);
      cameras.delete(cameraId);
    },
    bytes: () => bytes,
  };
}
