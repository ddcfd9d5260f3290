/**
 * Loops with something wrong in the picture. A variant is made from the healthy loop a group at a time, when it is wanted:
 * decoded, filtered, encoded with the same groups. What was made is kept, and all cameras of one content share it.
 */
import { messageOf } from '../../core/errors.js';
import type { Suffering } from '../fault.js';
import type { SimulateLog } from '../simulate-log.js';
import type { Situation } from '../scene/situation.js';
import type { Stage } from '../scene/stage.js';
import { ticksPerSecond, type Clip, type Gop } from './clip.js';
import { decodeGop } from './decoder.js';
import { createGopEncoder, type GopEncoder } from './encoder.js';
import { applyEffects } from './filters.js';
import type { Yuv } from './yuv.js';

/** What is done to the pictures, in this order. */
export interface Effects {
  /** who stays in the scene, light and weather */
  readonly situations: readonly Situation[];
  readonly shift: Suffering['shift'];
  readonly blurRadiusPx: number | null;
  readonly coverShare: number | null;
  readonly black: boolean;
  readonly firstPicture: Suffering['firstPicture'];
  /** group whose first picture is shown for ever */
  readonly frozenGop: number | null;
  readonly size: Suffering['size'];
  /** groups of the loop that make one group here; null: each stays one */
  readonly gopGroups: number | null;
}

/** @returns undefined when the picture is as it should be */
export function effectsOf(state: Suffering, position: number, clip: Clip): Effects | undefined {
  const { situations, shift, blurRadiusPx, coverShare, black, firstPicture, size } = state;
  const gopGroups = gopGroupsOf(state, clip);
  if (situations.length === 0 && firstPicture === null && !shift && blurRadiusPx === null && coverShare === null && !black && !state.frozen && !size && gopGroups === null) return undefined;
  return { situations, shift, blurRadiusPx, coverShare, black, firstPicture, frozenGop: state.frozen ? position : null, size, gopGroups };
}

/** Groups of a loop that make one of so many seconds as is asked for. A frozen picture keeps its short groups. */
export function gopGroupsOf(state: Suffering, { timing }: Clip): number | null {
  const groups = timing.gopStartTicks.length;
  if (state.gopSeconds === null || state.frozen) return null;
  const wanted = Math.round((state.gopSeconds * ticksPerSecond) / (timing.durationTicks / groups));
  return wanted <= 1 ? null : Math.min(wanted, groups);
}

export interface VariantStudio {
  /** The loop with these effects; undefined for none. */
  variant(effects: Effects | undefined): Clip | undefined;
  close(): Promise<void>;
}

/** Variants that are kept; each may grow to the size of the loop. The one that was not asked for longest goes first. */
const maxVariants = 16;

/** @param stage what plays situations over the pictures */
export function createVariantStudio(clip: Clip, stage: Stage, log: SimulateLog): VariantStudio {
  const kept = new Map<string, Clip>();
  return {
    variant(effects) {
      if (!effects) return undefined;
      const key = JSON.stringify(effects);
      const variant = kept.get(key) ?? createVariant(clip, stage, effects, log);
      kept.delete(key);
      kept.set(key, variant);
      const oldest = kept.size > maxVariants ? kept.keys().next().value : undefined;
      if (oldest !== undefined) {
        void kept.get(oldest)?.close();
        kept.delete(oldest);
      }
      return variant;
    },
    async close() {
      for (const variant of kept.values()) await variant.close();
      kept.clear();
    },
  };
}

function createVariant(clip: Clip, stage: Stage, effects: Effects, log: SimulateLog): Clip {
  const { timing } = clip;
  const widthPx = effects.size?.widthPx ?? clip.widthPx;
  const heightPx = effects.size?.heightPx ?? clip.heightPx;
  const gops: (Gop | undefined)[] = [];
  const asked = new Set<number>();
  let encoder: GopEncoder | undefined;
  let closed = false;
  let work = Promise.resolve();
  let frozen: Gop | undefined;
  const standing = effects.situations.map((situation) => ({ situation, sinceSeconds: Infinity, leftSeconds: Infinity }));

  /** The pictures of a group with what goes on in the scene. */
  const decodeStaged = async (gop: Gop, index: number): Promise<Yuv[]> => {
    const pictures = await decodeGop(gop, clip);
    const from = (timing.gopStartTicks[index] ?? 0) / ticksPerSecond;
    if (standing.length > 0) for (const [i, picture] of pictures.entries()) await stage.play(picture, standing, from + i / timing.fps);
    return pictures;
  };

  const make = async (index: number): Promise<void> => {
    const source = clip.gop(index);
    // A long group makes its pieces at once.
    if (closed || !source || gops[index]) return;
    encoder ??= await createGopEncoder({ widthPx, heightPx, fps: timing.fps });
    const held = effects.frozenGop === null ? undefined : clip.gop(effects.frozenGop);
    if (held && frozen && frozen.length >= source.length) {
      // The same bytes again: a frozen camera is frozen to the bit.
      gops[index] = retimed(frozen.slice(0, source.length), source);
      return;
    }
    if (effects.gopGroups !== null) return makeLong(index - (index % effects.gopGroups), effects.gopGroups, encoder);
    const decoded = await decodeStaged(held ? held.slice(0, 1) : source, held ? (effects.frozenGop ?? index) : index);
    const first = decoded[0];
    if (!first) return;
    const filter = (picture: Yuv, i: number): Yuv => applyEffects(picture, effects, { widthPx, heightPx }, held ? 0 : index * 64 + i);
    const made = await encoder.encode(held ? repeated(filter(first, 0), longest(clip)) : lazily(decoded, filter), 1);
    if (held) frozen = made;
    gops[index] = retimed(made.slice(0, source.length), source);
  };

  /** Several groups of the loop as one with a single key frame, kept in the pieces in which it is played. */
  const makeLong = async (from: number, count: number, into: GopEncoder): Promise<void> => {
    const sources = Array.from({ length: count }, (_, i) => clip.gop(from + i));
    const until = sources.findIndex((gop) => gop === undefined);
    // At the end of the loop it is shorter; in the middle a group may not be drawn yet: then it is made when it is.
    if (until >= 0 && from + until < timing.gopStartTicks.length) return;
    const whole = sources.filter((gop) => gop !== undefined);
    const pictures: Yuv[] = [];
    for (const [i, source] of whole.entries()) {
      const decoded = await decodeStaged(source, from + i);
      for (const [j, picture] of decoded.slice(0, source.length).entries()) pictures.push(applyEffects(picture, effects, { widthPx, heightPx }, (from + i) * 64 + j));
    }
    const made = await into.encode(pictures, 1);
    let taken = 0;
    for (const [i, source] of whole.entries()) {
      gops[from + i] = retimed(made.slice(taken, taken + source.length), source);
      taken += source.length;
    }
  };

  return {
    timing,
    widthPx,
    heightPx,
    gop: (index) => gops[index],
    prepare(index) {
      if (closed || gops[index] || asked.has(index)) return;
      asked.add(index);
      work = work
        .then(() => make(index))
        .catch((thrown: unknown) => log.warn({ error: messageOf(thrown) }, 'a fault of the picture could not be made'))
        .finally(() => asked.delete(index));
    },
    ready: Promise.resolve(),
    async close() {
      closed = true;
      await work;
      encoder?.close();
      encoder = undefined;
    },
  };
}

function* lazily<T>(items: readonly T[], change: (item: T, index: number) => T): Generator<T> {
  for (const [index, item] of items.entries()) yield change(item, index);
}

function* repeated<T>(item: T, times: number): Generator<T> {
  for (let i = 0; i < times; i++) yield item;
}

/** The times of the healthy group; decoded pictures come in the order in which they are shown. */
function retimed(made: Gop, source: Gop): Gop {
  const shown = source.map((unit) => unit.ptsTicks).sort((a, b) => a - b);
  return made.map((unit, i) => ({ ...unit, dtsTicks: source[i]?.dtsTicks ?? 0, ptsTicks: shown[i] ?? 0 }));
}

function longest(clip: Clip): number {
  let most = 1;
  for (let i = 0; i < clip.timing.gopStartTicks.length; i++) most = Math.max(most, clip.gop(i)?.length ?? 0);
  return most;
}
