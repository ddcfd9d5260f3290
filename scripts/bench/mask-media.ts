/** Footage for the masking benches: frames of a file by ffmpeg, and its truth boxes. Nothing here is loaded by the program. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
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

/** Size and frame rate of a file. */
export type Shape = Pick<Truth, 'width' | 'height' | 'fps'>;

/** One file of footage; without truth there is nothing to measure recall by, everything else still holds. */
export interface Clip {
  readonly name: string;
  readonly file: string;
  readonly shape: Shape;
  readonly truth: Truth | null;
}

/** Films of a folder in order of their names. Truth is `NAME.json` in the truth folder, or beside the film. */
export function findFootage(mediaFolder: string, truthFolder: string, only: string): Clip[] {
  return readdirSync(mediaFolder)
    .filter((file) => /\.(mp4|m4v|mov|mkv|avi|webm|ts)$/i.test(file) && file.includes(only))
    .sort()
    .map((file) => {
      const { name } = path.parse(file);
      const truthFile = [path.join(truthFolder, `${name}.json`), path.join(mediaFolder, `${name}.json`)].find((f) => existsSync(f));
      return { name, file: path.join(mediaFolder, file), shape: probeFile(path.join(mediaFolder, file)), truth: truthFile === undefined ? null : readTruth(truthFile) };
    });
}

/** @throws when ffprobe cannot read a video stream */
export function probeFile(file: string): Shape {
  const { stdout, stderr } = spawnSync('ffprobe', ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height,avg_frame_rate,r_frame_rate', '-of', 'json', file], { encoding: 'utf8' });
  const { streams } = JSON.parse(stdout || '{}') as { streams?: { width: number; height: number; avg_frame_rate: string; r_frame_rate: string }[] };
  const stream = streams?.[0];
  if (!stream) throw new Error(`${file}: no video stream. ${stderr}`);
  const rate = (text: string): number => {
    const [over, under] = text.split('/').map(Number) as [number, number?];
    return over / (under ?? 1);
  };
  const fps = [rate(stream.avg_frame_rate), rate(stream.r_frame_rate)].find((r) => Number.isFinite(r) && r > 0) ?? 25;
  return { width: stream.width, height: stream.height, fps };
}

/** The truth of one frame in px of a picture, or null where nobody has looked. */
export function truthOf(truth: Truth | null, frame: number, widthPx: number, heightPx: number): TruthObject[] | null {
  const entry = truth?.frames.find((t) => t.frame === frame);
  if (!truth || !entry) return null;
  const [sx, sy] = [widthPx / truth.width, heightPx / truth.height];
  return entry.objects.map((o) => ({ class: o.class, x: o.x * sx, y: o.y * sy, w: o.w * sx, h: o.h * sy }));
}

/** Frames at `fps` and at most `maxWidthPx` wide, both sides even. Takes every n-th frame, so that the truth's numbers hold. */
export async function decodeFile(file: string, truth: Shape, fps: number, maxWidthPx: number, maxFrames?: number): Promise<DecodedFrame[]> {
  const step = Math.max(1, Math.round(truth.fps / fps));
  const widthPx = Math.min(maxWidthPx, truth.width) & ~1;
  const heightPx = Math.round((truth.height * widthPx) / truth.width / 2) * 2;
  const child = spawn('ffmpeg', ['-v', 'error', '-noautorotate', '-i', file, '-vf', `select=not(mod(n\\,${step})),scale=${widthPx}:${heightPx}:flags=bilinear`, '-fps_mode', 'passthrough', ...(maxFrames === undefined ? [] : ['-frames:v', String(maxFrames)]), '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
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
