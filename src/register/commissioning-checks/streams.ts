/**
 * The two streams as the device describes them: the one that is watched against our sample interval, the main one against
 * QLT-01 of the programme standard (at least 1280×720, 10 fps, a key frame every 2 s).
 */
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { MediaProfile } from '../onvif-client.js';
import { unanswered, worstOf, type Asked, type Evidence, type Finding } from './verdicts.js';

export interface StreamFacts {
  /** those of the camera's own video source */
  readonly profiles: readonly MediaProfile[];
  /** token of the profile that is watched */
  readonly usedToken: string | null;
  readonly sampleIntervalMs: number;
  /** what was decoded in the newest run; null before the first one */
  readonly decoded: { readonly widthPx: number; readonly heightPx: number } | null;
}

const leastWidthPx = 1280;
const leastHeightPx = 720;
const leastFps = 10;
const longestGopMs = 2_000;
/** A picture is coded in blocks: 1088 lines for 1080 are no other size. */
const blockPx = 16;
const subStreamPath = 'Set up a sub stream with H.264 or H.265 on the camera';
const noProfiles = 'Look the streams up on the camera\'s own page: the sub stream H.264 or H.265 with a key frame as often as we sample, the main one 1280×720 or more, 10 fps, a key frame every 2 s.';

export function subStreamCheck(asked: Asked<StreamFacts>): CommissioningCheck {
  if (asked.status === 'unanswered') return unanswered('sub-stream', asked.reason, noProfiles);
  const { profiles, usedToken, sampleIntervalMs } = asked.value;
  const used = profiles.find((p) => p.token === usedToken);
  if (usedToken === null) return unanswered('sub-stream', 'No stream is watched yet: none gave a key frame.', 'Mend what the ladder says, then run the checklist again.');
  if (!used) return unanswered('sub-stream', 'The stream that is watched is not among the profiles that the device lists now.', 'Climb the ladder again, then run the checklist again.');
  const gopMs = gopMsOf(used);
  const findings: Finding[] = [{ status: 'pass', seen: `${describe(used)}.`, todo: '' }, ...codecFindings(used), ...unknownFindings(used), ...decodedFindings(used, asked.value.decoded)];
  if (used === mainOf(profiles)) findings.push({ status: 'warn', seen: 'It has no sub stream, so the main stream is watched.', todo: `${subStreamPath}, then climb the ladder again: it costs the camera and us a fraction.` });
  if (gopMs !== null && gopMs > sampleIntervalMs) {
    findings.push({
      status: 'warn',
      seen: `A key frame comes every ${seconds(gopMs)} s, but a sample is due every ${seconds(sampleIntervalMs)} s.`,
      todo: `Set the key frame interval (GOP, I-frame interval) of this stream to ${gopFramesFor(used, sampleIntervalMs)}, or sample every ${seconds(gopMs)} s.`,
    });
  }
  return worstOf('sub-stream', findings, { ...evidenceOf(used), sampleIntervalMs });
}

export function mainStreamCheck(asked: Asked<StreamFacts>): CommissioningCheck {
  if (asked.status === 'unanswered') return unanswered('main-stream', asked.reason, noProfiles);
  const { profiles, usedToken } = asked.value;
  const main = mainOf(profiles);
  if (!main) return unanswered('main-stream', 'The device lists no profile with video.', noProfiles);
  const findings: Finding[] = [{ status: 'pass', seen: `${describe(main)}.`, todo: '' }, ...codecFindings(main), ...unknownFindings(main)];
  const { widthPx, heightPx, fps } = main;
  // A picture that stands on end (a corridor) is judged by its long side.
  if (widthPx !== null && heightPx !== null && (Math.max(widthPx, heightPx) < leastWidthPx || Math.min(widthPx, heightPx) < leastHeightPx)) {
    findings.push({ status: 'warn', seen: `It is under ${leastWidthPx}×${leastHeightPx}.`, todo: `Set the main stream to ${leastWidthPx}×${leastHeightPx} or more (QLT-01).` });
  }
  if (fps !== null && fps < leastFps) findings.push({ status: 'warn', seen: `It is under ${leastFps} fps.`, todo: `Set the main stream to ${leastFps} fps or more (QLT-01).` });
  const gopMs = gopMsOf(main);
  if (gopMs !== null && gopMs > longestGopMs) findings.push({ status: 'warn', seen: `A key frame comes only every ${seconds(gopMs)} s.`, todo: `Set its key frame interval to ${gopFramesFor(main, longestGopMs)} (QLT-01: 2 s at most).` });
  if (main.token === usedToken) findings.push({ status: 'warn', seen: 'It is the stream that is watched.', todo: `${subStreamPath}, then climb the ladder again.` });
  return worstOf('main-stream', findings, evidenceOf(main));
}

/** The largest; of equals the one that the device lists first. */
export function mainOf(profiles: readonly MediaProfile[]): MediaProfile | undefined {
  const largest = Math.max(...profiles.map(areaOf));
  return profiles.find((p) => areaOf(p) === largest);
}

function areaOf({ widthPx, heightPx }: MediaProfile): number {
  return (widthPx ?? 0) * (heightPx ?? 0);
}

/** From one key frame to the next, milliseconds; null when the device does not tell enough. */
function gopMsOf({ gopFrames, fps }: MediaProfile): number | null {
  return gopFrames === null || fps === null ? null : Math.round((gopFrames / fps) * 1000);
}

function gopFramesFor({ fps }: MediaProfile, ms: number): string {
  return fps === null ? `${seconds(ms)} s` : `${Math.max(1, Math.floor((fps * ms) / 1000))} frames`;
}

function codecFindings({ codec }: MediaProfile): Finding[] {
  if (codec === null || codec === 'H264' || codec === 'H265') return [];
  return [{ status: 'warn', seen: `${codec} is neither H.264 nor H.265.`, todo: 'Choose H.264 or H.265 for this stream.' }];
}

/** Where the picture is another one than the device says, frame rate and key frame interval are in doubt as well. A picture may stand on end. */
function decodedFindings({ widthPx, heightPx }: MediaProfile, decoded: StreamFacts['decoded']): Finding[] {
  if (decoded === null || widthPx === null || heightPx === null) return [];
  const [told, seen] = [[widthPx, heightPx], [decoded.widthPx, decoded.heightPx]].map((size) => size.sort((a, b) => a - b));
  if ((told ?? []).every((px, i) => Math.abs(px - (seen?.[i] ?? 0)) < blockPx)) return [];
  return [
    {
      status: 'warn',
      seen: `The picture that comes is ${decoded.widthPx}×${decoded.heightPx}, not what the device says.`,
      todo: "Look the stream's settings up on the camera's own page, and save them there again; then run the checklist again.",
    },
  ];
}

function unknownFindings({ codec, widthPx, heightPx, fps, gopFrames }: MediaProfile): Finding[] {
  const missing = [codec === null ? 'codec' : '', widthPx === null || heightPx === null ? 'resolution' : '', fps === null ? 'frame rate' : '', gopFrames === null ? 'key frame interval' : ''].filter((m) => m !== '');
  if (missing.length === 0) return [];
  return [{ status: 'unverified', seen: `It does not tell the ${missing.join(', ')}.`, todo: `Look the ${missing.join(', ')} up on the camera's own page.` }];
}

function describe({ name, codec, widthPx, heightPx, fps, gopFrames }: MediaProfile): string {
  const size = widthPx === null || heightPx === null ? '' : ` ${widthPx}×${heightPx}`;
  return `"${name.slice(0, 60)}": ${codec ?? 'unknown codec'}${size}${fps === null ? '' : ` at ${fps} fps`}${gopFrames === null ? '' : `, a key frame every ${gopFrames} frames`}`;
}

function evidenceOf(profile: MediaProfile): Evidence {
  const { token, codec, widthPx, heightPx, fps, gopFrames, bitrateKbps } = profile;
  return { profile: token, codec, widthPx, heightPx, fps, gopFrames, gopMs: gopMsOf(profile), bitrateKbps };
}

function seconds(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}
