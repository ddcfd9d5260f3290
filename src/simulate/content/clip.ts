/**
 * What a camera plays: an endless loop of groups of pictures, each beginning with a key frame. Encoded bytes stand in
 * memory once per distinct content, whatever the number of cameras.
 */

/** Ticks a second of RTP's video clock (RFC 6184, section 5.1). */
export const ticksPerSecond = 90_000;

export interface AccessUnit {
  /** NAL units without start codes, in decoding order; a key frame's begin with SPS and PPS */
  readonly nals: readonly Uint8Array[];
  readonly key: boolean;
  /** when it is due, ticks from the start of its group */
  readonly dtsTicks: number;
  /** when it is shown, ticks from the start of its group */
  readonly ptsTicks: number;
}

export type Gop = readonly AccessUnit[];

/** When each group of a loop begins; known before the groups are there. */
export interface ClipTiming {
  /** ticks from the start of the loop; the first is 0 */
  readonly gopStartTicks: readonly number[];
  readonly durationTicks: number;
  readonly fps: number;
}

export interface Clip {
  readonly timing: ClipTiming;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The group, or undefined while it is not made yet. */
  gop(index: number): Gop | undefined;
  /** Asks for a group that will be wanted soon. Never throws; `gop` answers once it is there. */
  prepare(index: number): void;
  /** Resolves when the first group is there; rejects when there will be none. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** SPS and PPS of a clip, once its first group is there. */
export function parameterSets(clip: Clip): { sps: Uint8Array; pps: Uint8Array } | undefined {
  const first = clip.gop(0)?.[0];
  const sps = first?.nals.find((nal) => nalType(nal) === 7);
  const pps = first?.nals.find((nal) => nalType(nal) === 8);
  return sps && pps ? { sps, pps } : undefined;
}

/** `nal_unit_type` (H.264, 7.4.1). */
export function nalType(nal: Uint8Array): number {
  return (nal[0] ?? 0) & 0x1f;
}
