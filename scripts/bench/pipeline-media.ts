/** Frames for the speed benches: clips of a folder by ffmpeg, or a drawn street where there is no footage. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { drawProbePicture } from '../../src/analyse/adapters/probe-picture.js';

export interface Clip {
  readonly name: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** RGB24 */
  readonly frames: readonly Uint8Array[];
}

/** Up to `count` clips at one frame a second, `widthPx` wide, of at most `perClip` frames; drawn ones fill up. */
export async function loadClips(folder: string, only: string, count: number, widthPx: number, perClip: number): Promise<Clip[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.mp4') && f.includes(only)) : [];
  const clips: Clip[] = [];
  for (const file of files.slice(0, count)) {
    const clip = await decode(path.join(folder, file), widthPx, perClip).catch((thrown: unknown) => {
      console.error(`${file}: ${String(thrown)}`);
      return null;
    });
    if (clip) clips.push({ ...clip, name: path.parse(file).name });
  }
  for (let i = 0; clips.length < count; i++) clips.push(drawn(`drawn ${i + 1}`, i + 1));
  return clips;
}

/** Forth and back, so that the scene never jumps. */
export function frameAt(clip: Clip, at: number): Uint8Array {
  const last = clip.frames.length - 1;
  const place = last === 0 ? 0 : at % (2 * last);
  return clip.frames[place <= last ? place : 2 * last - place] as Uint8Array;
}

async function decode(file: string, widthPx: number, perClip: number): Promise<Omit<Clip, 'name'>> {
  const child = spawn('ffmpeg', ['-v', 'error', '-i', file, '-vf', `fps=1,scale=${widthPx}:-2:flags=bilinear`, '-frames:v', String(perClip), '-f', 'image2pipe', '-c:v', 'ppm', '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const chunks: Buffer[] = [];
  const read = (async () => {
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  })();
  await Promise.race([read, failed]);
  const all = Buffer.concat(chunks);
  const frames: Uint8Array[] = [];
  let size: [number, number] = [0, 0];
  for (let at = 0; at < all.length; ) {
    const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(all.subarray(at, at + 40).toString('latin1'));
    if (!header) throw new Error('ffmpeg gave no PPM');
    size = [Number(header[1]), Number(header[2])];
    const from = at + header[0].length;
    at = from + size[0] * size[1] * 3;
    frames.push(new Uint8Array(all.subarray(from, at)));
  }
  if (frames.length === 0) throw new Error('no frame');
  return { widthPx: size[0], heightPx: size[1], frames };
}

/** The street of the detector's probe under a little noise. */
function drawn(name: string, seed: number): Clip {
  const { rgb, widthPx, heightPx } = drawProbePicture();
  let state = seed;
  const frames = Array.from({ length: 10 }, () =>
    rgb.map((value) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.max(0, Math.min(255, value + (state >>> 30) - 2));
    }),
  );
  return { name, widthPx, heightPx, frames };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** CPU-seconds of this process so far, all threads. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** CPU-seconds of each thread of this process so far, by thread id; empty where the system does not tell. */
export function threadSeconds(): Map<number, number> {
  const found = new Map<number, number>();
  try {
    for (const task of readdirSync('/proc/self/task')) found.set(Number(task), Number(readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9);
  } catch {
    // Not Linux, or a thread that ended meanwhile.
  }
  return found;
}

/** What each thread took since `before`: the main one, the busiest other one, and all the rest. */
export function threadsSince(before: Map<number, number>): { readonly main: number; readonly busiest: number; readonly rest: number } {
  const grown = [...threadSeconds()].map(([task, seconds]) => ({ task, seconds: seconds - (before.get(task) ?? 0) }));
  const main = grown.find((g) => g.task === process.pid)?.seconds ?? NaN;
  const others = grown.filter((g) => g.task !== process.pid).map((g) => g.seconds);
  const busiest = Math.max(0, ...others);
  return { main, busiest, rest: others.reduce((sum, s) => sum + s, 0) - busiest };
}
