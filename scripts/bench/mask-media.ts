/** Footage for the masking benches: frames of a file by ffmpeg, and its truth boxes. Nothing here is loaded by the program. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { DetectOutcome, Detector } from '../../src/contract/detector.js';

export interface DecodedFrame {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** 0-based number in decode order of the file */
  readonly index: number;
}

export interface TruthObject {
  readonly class: 'PERSON' | 'VEHICLE' | 'BICYCLE';
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}
export interface Truth {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames_total: number;
  readonly frames: readonly { readonly frame: number; readonly objects: readonly TruthObject[] }[];
}

export function readTruth(file: string): Truth {
  return JSON.parse(readFileSync(file, 'utf8')) as Truth;
}

/** Frames at `fps` and at most `maxWidthPx` wide, both sides even. Takes every n-th frame, so that the truth's numbers hold. */
export async function decodeFile(file: string, truth: Truth, fps: number, maxWidthPx: number): Promise<DecodedFrame[]> {
  const step = Math.max(1, Math.round(truth.fps / fps));
  const widthPx = Math.min(maxWidthPx, truth.width) & ~1;
  const heightPx = Math.round((truth.height * widthPx) / truth.width / 2) * 2;
  const child = spawn('ffmpeg', ['-v', 'error', '-i', file, '-vf', `select=not(mod(n\\,${step})),scale=${widthPx}:${heightPx}:flags=bilinear`, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  const all = Buffer.concat(chunks);
  const size = widthPx * heightPx * 3;
  const frames: DecodedFrame[] = [];
  for (let i = 0; (i + 1) * size <= all.length; i++) frames.push({ rgb: all.subarray(i * size, (i + 1) * size), widthPx, heightPx, index: i * step });
  return frames;
}

/** The same frame with the same weights gives the same boxes: kept in a file, so that a second run over footage is quick. */
export function cachedDetector(detector: Detector, file: string): Detector {
  const known = new Map<string, DetectOutcome>();
  if (existsSync(file)) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue;
      const [key, outcome] = JSON.parse(line) as [string, DetectOutcome];
      known.set(key, outcome);
    }
  }
  return {
    info: detector.info,
    close: () => detector.close(),
    async detect(frame, minScore) {
      const key = createHash('sha1').update(detector.info.modelHash).update(frame.rgb).update(`${frame.widthPx}x${frame.heightPx}@${minScore}`).digest('hex');
      const hit = known.get(key);
      if (hit) return hit;
      const outcome = await detector.detect(frame, minScore);
      if (outcome.status === 'ok') {
        known.set(key, outcome);
        appendFileSync(file, `${JSON.stringify([key, outcome])}\n`);
      }
      return outcome;
    },
  };
}
