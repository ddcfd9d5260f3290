/** Adds up what the pictures show, by class, size, light and video, and says which goals are missed. */
import type { Light } from './mask-light.js';
import type { Finding } from './mask-nets.js';
import { overlap, sizeBucket, sizeBuckets } from './mask-score.js';

/** A truth box in one picture. */
export interface BoxVerdict {
  readonly video: string;
  readonly light: Light;
  readonly sample: number;
  readonly class: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** share of its area in masked blocks */
  readonly masked: number;
  /** share of its area that only the frame can have given, by pixels */
  readonly shown: number;
  /** its middle looks as in the frame; null: too plain to tell */
  readonly resembles: boolean | null;
  crop?: string;
}

/** What an adversary found in a stored picture, and whether something is there. */
export interface FindingVerdict extends Finding {
  readonly video: string;
  readonly light: Light;
  readonly sample: number;
  readonly kind: 'stored' | 'plain';
  /** share of the box that is a sign of ours */
  readonly signs: number;
  /** found at this place in the frame: of the same moment, of another, or never */
  readonly inFrame: 'now' | 'another' | 'never';
  crop?: string;
}

export const enoughMasked = 0.95;
export const tooMuchShown = 0.05;
/** From this share of a finding on it is our sign that was found. */
export const isSign = 0.12;

export const missed = (b: BoxVerdict): boolean => b.masked < enoughMasked;
export const leaked = (b: BoxVerdict): boolean => b.shown > tooMuchShown || b.resembles === true;
/** Counts against us: not one of our signs, and something was found in the frames at this place. */
export const counts = (f: FindingVerdict): boolean => f.inFrame !== 'never' && (f.kind === 'plain' || f.signs < isSign);

export function placeOf(finding: Finding, now: readonly Finding[], ever: readonly Finding[]): FindingVerdict['inFrame'] {
  const same = (f: Finding): boolean => f.what.slice(0, 4) === finding.what.slice(0, 4) && overlap(f, finding) >= 0.3;
  return now.some(same) ? 'now' : ever.some(same) ? 'another' : 'never';
}

export interface RecallLine {
  readonly of: string;
  readonly boxes: number;
  readonly masked: number;
  readonly recall: number;
  readonly shown: number;
}

export function recallLine(of: string, boxes: readonly BoxVerdict[]): RecallLine {
  const masked = boxes.filter((b) => !missed(b)).length;
  return { of, boxes: boxes.length, masked, recall: boxes.length === 0 ? 1 : masked / boxes.length, shown: boxes.filter(leaked).length };
}

export function recallTable(boxes: readonly BoxVerdict[]): RecallLine[] {
  const by = (of: (b: BoxVerdict) => string, order?: readonly string[]): RecallLine[] => {
    const keys = [...new Set(boxes.map(of))];
    if (order) keys.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    return keys.map((key) => recallLine(key, boxes.filter((b) => of(b) === key)));
  };
  return [
    recallLine('all', boxes),
    ...by((b) => `class ${b.class.toLowerCase()}`),
    ...by((b) => `size ${sizeBucket(b.h)} px`, sizeBuckets.map((s) => `size ${s} px`)),
    ...by((b) => `light ${b.light}`),
    ...by((b) => `video ${b.video}`),
  ];
}

export interface AdversaryLine {
  readonly what: string;
  /** found in the frames of the pictures that were looked at */
  readonly frames: number;
  /** found in the stored pictures: outside our signs with something there; our signs; nothing there */
  readonly stored: number;
  readonly signs: number;
  readonly nothing: number;
  /** in the pictures without signs: with something there; nothing there */
  readonly plain: number;
  readonly plainNothing: number;
}

export function adversaryTable(raw: readonly Finding[], found: readonly FindingVerdict[]): AdversaryLine[] {
  return ['face-rfb', 'face-yunet', 'plate', 'person', 'vehicle', 'bike'].map((what) => {
    const own = found.filter((f) => f.what === what);
    const stored = own.filter((f) => f.kind === 'stored');
    const plain = own.filter((f) => f.kind === 'plain');
    return {
      what,
      frames: raw.filter((f) => f.what === what).length,
      stored: stored.filter(counts).length,
      signs: stored.filter((f) => f.signs >= isSign).length,
      nothing: stored.filter((f) => f.signs < isSign && f.inFrame === 'never').length,
      plain: plain.filter(counts).length,
      plainNothing: plain.filter((f) => f.inFrame === 'never').length,
    };
  });
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows.map((r) => r.map(String))];
  const widths = head.map((_, c) => Math.max(...all.map((r) => (r[c] ?? '').length)));
  return all.map((r) => r.map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0))).join('  ')).join('\n');
}

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
