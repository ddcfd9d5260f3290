/** Which of a camera's streams is watched: the sub stream, because it costs the camera and us a fraction of the main one. */
import type { MediaProfile } from './onvif-client.js';

/** Below this width a person at a gate is too few pixels to count on. */
const usefulWidthPx = 352;

export interface ProfileChoice {
  readonly profile: MediaProfile;
  /** true when the camera has one stream only */
  readonly main: boolean;
}

/**
 * The smallest stream that is at least 352 px wide, else the smallest; never the main (largest) one when there is
 * another. H.264 and H.265 come before everything else; a stream that tells no size comes last.
 */
export function chooseProfile(profiles: readonly MediaProfile[]): ProfileChoice | null {
  const usable = profiles.filter((p) => p.codec === 'H264' || p.codec === 'H265');
  const candidates = usable.length > 0 ? usable : profiles.filter((p) => p.codec === null || /^(MPEG4|MP4VES|JPEG|MJPEG)$/.test(p.codec));
  const known = candidates.filter((p) => areaOf(p) > 0);
  const bySize = [...(known.length > 0 ? known : candidates)].sort((a, b) => areaOf(a) - areaOf(b) || rateOf(a) - rateOf(b));
  // Of equals the first that was listed is the main stream.
  const largest = Math.max(...bySize.map(areaOf));
  const main = candidates.find((p) => areaOf(p) === largest) ?? bySize[0];
  if (main === undefined) return null;
  const subs = bySize.filter((p) => p !== main);
  const chosen = subs.find((p) => (p.widthPx ?? 0) >= usefulWidthPx) ?? subs[0];
  return { profile: chosen ?? main, main: chosen === undefined };
}

function areaOf(profile: MediaProfile): number {
  return (profile.widthPx ?? 0) * (profile.heightPx ?? 0);
}

function rateOf(profile: MediaProfile): number {
  return profile.bitrateKbps ?? Number.MAX_SAFE_INTEGER;
}

export function describeProfile({ name, codec, widthPx, heightPx, fps }: MediaProfile): string {
  const size = widthPx !== null && heightPx !== null ? ` ${widthPx}×${heightPx}` : '';
  return `${codec ?? 'unknown codec'}${size}${fps === null ? '' : ` at ${fps} fps`} ("${name.replace(/\s+/g, ' ').slice(0, 60)}")`;
}
